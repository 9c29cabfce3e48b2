import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { packageFolder } from '../../src/base/package-folder.ts';
import { findPrograms } from '../support/other-programs.ts';
import { ownNetworkArgs } from '../support/own-network.ts';
import { isLong } from '../support/proof.ts';

// The compose files: what they say of each other, and in the long run, with Podman.

const folder = join(packageFolder, 'packaging', 'compose');
const read = (...path: string[]) => parse(readFileSync(join(folder, ...path), 'utf8'));

test('the files of Grafana and Prometheus name the services and paths of the compose files', () => {
  const { services } = read('monitoring.yaml');
  const mounted = (services.grafana.volumes as string[]).map((each) => each.split(':'));
  const target = (source: string) => mounted.find(([from]) => from === source)?.[1];
  const [source] = read('grafana', 'datasource.yaml').datasources;
  assert.equal(source.url, 'http://prometheus:9090');
  assert.ok('prometheus' in services);
  assert.match(target('./grafana/datasource.yaml') ?? '', /^\/etc\/grafana\/provisioning\/datas/);
  assert.match(target('./grafana/dashboards.yaml') ?? '', /^\/etc\/grafana\/provisioning\/dash/);
  const [provider] = read('grafana', 'dashboards.yaml').providers;
  const dashboard = target('../../monitoring/grafana-dashboard.json') ?? '';
  assert.ok(dashboard.startsWith(`${provider.options.path}/`), dashboard);
  const [job] = read('prometheus', 'prometheus.yml').scrape_configs;
  const [{ targets }] = job.static_configs;
  assert.deepEqual(targets, ['waxwing:8443']);
  assert.ok('waxwing' in read('single.yaml').services);
});

test('nobody signs in to Grafana with its default password', () => {
  const { environment } = read('monitoring.yaml').services.grafana;
  assert.equal(environment.GF_AUTH_DISABLE_LOGIN_FORM, 'true');
  assert.equal(environment.GF_AUTH_BASIC_ENABLED, 'false');
});

test('volumes with different root keys belong to different projects', () => {
  assert.notEqual(read('single.yaml').name, read('passphrase.yaml').name);
});

const search = (name: string, package_ = name) =>
  findPrograms({ name, versionArguments: ['--version'], package: package_ });

test('podman-compose runs every compose file', {
  skip: !isLong && 'in the long run',
  timeout: 900_000,
}, async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root may run containers with a network here');
  for (const name of ['podman', 'buildah', 'podman-compose', 'runc']) {
    const found = await search(name);
    if (typeof found === 'string') return t.skip(found);
  }
  const prometheus = await search('prometheus');
  if (typeof prometheus === 'string') return t.skip(prometheus);
  const made = execFileSync(process.execPath, [join(packageFolder, 'tools', 'package.mjs')]);
  const [tarball = ''] = /dist\/\S+\.tgz/.exec(made.toString()) ?? [];
  const program = fileURLToPath(new URL('compose/run.js', import.meta.url));
  const path = prometheus[0]?.path ?? '';
  const args = [process.execPath, program, join(packageFolder, tarball), path];
  // Podman of root keeps addresses and names of containers in a folder of the machine.
  const mount = 'mkdir -p /run/containers && mount -t tmpfs none /run/containers && exec "$0" "$@"';
  const inside = ownNetworkArgs('/bin/sh', '-c', mount, ...args);
  const { stdout } = await promisify(execFile)('unshare', ['--mount', ...inside]);
  assert.equal(stdout, 'single.yaml\nmonitoring.yaml\npassphrase.yaml\n');
});
