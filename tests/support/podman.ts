// Podman with images, networks and volumes of a test's own. Root is required.

import { execFile, execFileSync } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { packageFolder } from '../../src/base/package-folder.ts';

const run = promisify(execFile);

/** The user of the image of the service, and of that of Prometheus. */
const passwd = `root:x:0:0:root:/root:/sbin/nologin
nonroot:x:65532:65532:nonroot:/:/sbin/nologin
nobody:x:65534:65534:nobody:/:/sbin/nologin
`;

/** Lower limits than Podman's own, which root may not set everywhere; and a network with DNS. */
const settings = (folder: string) => `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
[network]
network_backend = "netavark"
network_config_dir = "${folder}/networks"
`;

/** Podman and podman-compose, with everything that they store in one temporary folder. */
export class Podman {
  readonly folder = mkdtempSync(join(tmpdir(), 'waxwing-podman-'));
  readonly #env: Readonly<Record<string, string>>;

  constructor() {
    const file = (name: string, text: string) => {
      writeFileSync(join(this.folder, name), text);
      return join(this.folder, name);
    };
    const stored = ['graphroot', 'runroot'].map((name) => `${name} = "${this.folder}/${name}"\n`);
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      CONTAINERS_CONF: file('containers.conf', settings(this.folder)),
      CONTAINERS_STORAGE_CONF: file(
        'storage.conf',
        `[storage]\ndriver = "overlay"\n${stored.join('')}`,
      ),
    };
  }

  /** The variables by which other programs run this Podman. */
  get environment(): Readonly<Record<string, string>> {
    const { PATH: _, ...settings } = this.#env;
    return settings;
  }

  /**
   * Runs `podman`.
   *
   * @returns its standard output
   * @throws {Error} with what it printed, if it fails
   */
  async podman(...args: readonly string[]): Promise<string> {
    return await this.run('podman', args);
  }

  /** Runs `podman-compose` in a folder, with variables for its files. */
  async compose(cwd: string, args: readonly string[], variables = {}): Promise<string> {
    return await this.run('podman-compose', args, { cwd, env: { ...this.#env, ...variables } });
  }

  /** Runs a program with the settings of this Podman. */
  async run(name: string, args: readonly string[], options = {}): Promise<string> {
    const all = { env: this.#env, timeout: 180_000, ...options };
    return (await run(name, [...args], all)).stdout;
  }

  /** Makes an image of a folder with a Dockerfile. `RUN` is not possible, because the images have no shell. */
  async build(tag: string, context: string, dockerfile: string, args: readonly string[] = []) {
    const file = join(this.folder, 'Dockerfile');
    writeFileSync(file, dockerfile);
    const options = ['--quiet', '--isolation', 'chroot', '--format', 'docker', '--tag', tag];
    await this.run('buildah', ['build', ...options, ...args, '--file', file, context]);
  }

  /**
   * Makes a base image from a program of this machine with its libraries, in place of one of a registry.
   *
   * @param at where the image has the program
   * @param owned a folder that belongs to `nobody`
   */
  async buildFromProgram(tag: string, program: string, at: string, lines: string, owned = '/home') {
    const root = mkdtempSync(join(this.folder, 'root-'));
    const { stdout } = await run('ldd', [program]);
    const libraries = [...stdout.matchAll(/(\/lib\S+) \(/g)].map(([, path = '']) => path);
    const files = [[program, at], ...libraries.map((path) => [path, path])] as const;
    for (const [from = '', to = ''] of files) {
      mkdirSync(dirname(join(root, to)), { recursive: true });
      copyFileSync(from, join(root, to));
    }
    for (const folder of ['etc', 'tmp', `owned${owned}`]) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    writeFileSync(join(root, 'etc', 'passwd'), passwd);
    chownSync(join(root, `owned${owned}`), 65534, 65534);
    const dockerfile = `FROM scratch AS files
COPY . /
FROM scratch
COPY --from=files / /
COPY --from=files --chown=65534:65534 /owned${owned} ${owned}
${lines}`;
    await this.build(tag, root, dockerfile);
    rmSync(root, { recursive: true });
  }

  /** The IPv4 address of a container on the network of its project. */
  async addressOf(container: string): Promise<string> {
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    return (await this.podman('inspect', '--format', format, container)).trim();
  }

  /** Ends and removes everything. */
  async remove(): Promise<void> {
    await this.podman('rm', '--all', '--force', '--volumes', '--time', '10');
    await this.podman('volume', 'rm', '--all', '--force');
    await this.podman('rmi', '--all', '--force');
    await this.podman('network', 'prune', '--force');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Makes the image `localhost/waxwing` from the packed tarball and the last stage of the Dockerfile. */
export async function buildServiceImage(podman: Podman, tarball: string): Promise<void> {
  await podman.buildFromProgram('localhost/base', process.execPath, '/nodejs/bin/node', '');
  const context = join(podman.folder, 'context');
  const out = join(context, 'out');
  for (const name of ['data', 'keys']) mkdirSync(join(out, name), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', out]);
  const dockerfile = withoutBuildStage(readFileSync(join(packageFolder, 'Dockerfile'), 'utf8'));
  await podman.build('localhost/waxwing', context, dockerfile, [
    ...['--build-arg', 'RUN_IMAGE=localhost/base'],
  ]);
}

/** The last stage of the Dockerfile, which takes what the first one has built from a folder `out`. */
function withoutBuildStage(dockerfile: string): string {
  const last = dockerfile.indexOf('FROM ${RUN_IMAGE}');
  if (last < 0) throw new Error('the Dockerfile has no stage on RUN_IMAGE');
  return `ARG RUN_IMAGE\nFROM scratch AS build\nCOPY . /\n${dockerfile.slice(last)}`;
}
