// Terraform with its providers for AWS and for RabbitMQ, which are not downloaded.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A folder with providers in the layout of a mirror. */
const plugins = process.env['WAXWING_TERRAFORM_PLUGINS'] ?? '';
const timeout = 600_000;
const declarations = fileURLToPath(
  new URL('../../../../tests/interop/terraform/', import.meta.url),
);

/**
 * Why Terraform cannot run here; false if it can.
 *
 * @param provider `hashicorp/aws`
 */
export async function reasonToSkip(provider: string): Promise<string | false> {
  const hasTerraform = await run('terraform', ['-version']).then(
    () => true,
    () => false,
  );
  if (!hasTerraform) return 'there is no program terraform';
  if (existsSync(join(plugins, 'registry.terraform.io', provider))) return false;
  return `WAXWING_TERRAFORM_PLUGINS names no folder with the provider ${provider}`;
}

/** What is read of a plan as JSON. */
interface PlanText {
  readonly resource_changes?: readonly {
    readonly address: string;
    /** `managed`, or `data`. */
    readonly mode: string;
    readonly change: {
      readonly before: Readonly<Record<string, unknown>> | null;
      readonly after: Readonly<Record<string, unknown>> | null;
    };
  }[];
}

/** A declaration in a folder of its own, and the commands of Terraform. */
export class Terraform {
  readonly #folder = mkdtempSync(join(tmpdir(), 'waxwing-terraform-'));
  readonly #environment: Readonly<Record<string, string>>;

  /** @param environment the output of `waxwing env`, or what the provider reads */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  /** Copies a declaration from `tests/interop/terraform`, and finds its providers. */
  async init(declaration: string): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    copyFileSync(join(declarations, declaration), join(this.#folder, 'main.tf'));
    const { code, text } = await this.command('init', `-plugin-dir=${plugins}`);
    assert.equal(code, 0, text);
  }

  /** Runs a command, such as `apply` or `state rm`. Returns its exit code and everything that it printed. */
  async command(command: string, ...args: readonly string[]) {
    const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_MQ: _, ...own } = this.#environment;
    const env = {
      ...own,
      PATH: process.env['PATH'],
      HOME: this.#folder,
      CHECKPOINT_DISABLE: '1',
      TF_IN_AUTOMATION: '1',
      TF_VAR_endpoint: AWS_ENDPOINT_URL,
      TF_VAR_ca: own['WAXWING_CA_FILE'],
    };
    const options = { cwd: this.#folder, env, timeout, maxBuffer: 64 * 1024 * 1024 };
    const all = [...command.split(' '), '-no-color', ...args];
    const found = await run('terraform', all, options).catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    const code = 'code' in found ? found.code : 0;
    return { code, text: `${found.stdout}${found.stderr}` };
  }

  /** Applies the declaration, and checks that the next plan has no changes. */
  async apply(...variables: readonly string[]): Promise<string> {
    const { code, text } = await this.command('apply', '-auto-approve', ...variables);
    assert.equal(code, 0, text);
    const plan = await this.command('plan', '-detailed-exitcode', '-out=next', ...variables);
    // The users of a RabbitMQ broker are never read back, as with AWS. Terraform then plans an update
    // without a difference, because only the earlier value of `user` is marked as sensitive.
    const difference = plan.code === 2 ? await this.#differences() : '';
    assert.equal(difference, '', `${plan.text}${difference}`);
    assert.ok(plan.code === 0 || plan.code === 2, plan.text);
    return text;
  }

  /** The attributes that the plan changes, including those that Terraform does not print. */
  async #differences(): Promise<string> {
    const { text } = await this.command('show', '-json', 'next');
    const { resource_changes: changes = [] } = JSON.parse(text) as PlanText;
    const managed = changes.filter(({ mode }) => mode === 'managed');
    const lines = managed.flatMap(({ address, change: { before, after } }) =>
      Object.keys({ ...before, ...after }).flatMap((key) => {
        const [one, other] = [before, after].map((each) => JSON.stringify(each?.[key]));
        return one === other ? [] : [`${address} ${key}: ${one} -> ${other}`];
      }),
    );
    return lines.join('\n');
  }

  /** The value of an output. */
  async output(name: string): Promise<unknown> {
    const { code, text } = await this.command('output', '-json', name);
    assert.equal(code, 0, text);
    return JSON.parse(text);
  }

  /** Destroys everything, and checks that nothing is left. */
  async destroy(...variables: readonly string[]): Promise<void> {
    const destroyed = await this.command('destroy', '-auto-approve', ...variables);
    assert.equal(destroyed.code, 0, destroyed.text);
    const { text } = await this.command('show', '-json');
    assert.equal(JSON.parse(text).values, undefined);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
