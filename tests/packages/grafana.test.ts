import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { packageFolder } from '../../src/base/package-folder.ts';
import { unpackPackage } from '../support/npm-package.ts';
import { isLong } from '../support/proof.ts';

// The dashboard against the types that Grafana publishes of its dashboards, panels and queries. Its queries
// are run by a Prometheus in `tests/cloudwatch/metrics.test.ts`.

const types = {
  name: '@grafana/grafana-foundation-sdk@0.0.21',
  sha512:
    'ruLodJlQEAfBm+aqIse5oT2TsHEr0paQ7xErUPu/plBy+j0h6SrT7WbIyKVZIBMhLyLQtwSzJKSP9rJ09gctew==',
};
const folder = join(packageFolder, 'node_modules', '.cache', 'waxwing-grafana-0.0.21');

/** Grafana fills in what is left out, and writes its enumerations as their values. */
const declarations = `
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import type * as table from '@grafana/grafana-foundation-sdk/table';
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
type Written<T> = T extends string ? \`\${T}\` : T extends (infer U)[] ? Written<U>[]
  : T extends object ? { [K in keyof T]?: Written<T[K]> } : T;
type Query = Omit<Written<prometheus.Dataquery>, 'datasource' | '_implementsDataqueryVariant'>
  & { datasource?: Written<dashboard.DataSourceRef> };
type Fields<C> = { overrides?: Written<dashboard.FieldConfigSource>['overrides'];
  defaults?: Omit<Written<dashboard.FieldConfig>, 'custom'> & { custom?: Written<C> } };
type Of<T, O, C> = Omit<Written<dashboard.Panel>, 'options' | 'fieldConfig' | 'targets' | 'type'>
  & { type: T; options?: Written<O>; fieldConfig?: Fields<C>; targets?: Query[] };
type Panel = Of<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | Of<'table', table.Options, table.FieldConfig>
  | (Omit<Written<dashboard.RowPanel>, 'type'> & { type: 'row' });
type Dashboard = Omit<Written<dashboard.Dashboard>, 'panels'>;
`;

/** What the compiler says of a dashboard. */
function checked({ panels, ...rest }: { readonly panels: readonly object[] }): string {
  const lines = panels.map((each, i) => `export const p${i}: Panel = ${JSON.stringify(each)};\n`);
  lines.push(`export const all: Dashboard = ${JSON.stringify(rest)};\n`);
  writeFileSync(join(folder, 'dashboard.mts'), declarations + lines.join(''));
  const options = ['--module', 'nodenext', '--skipLibCheck', '--strict', '--noEmit'];
  const compiler = join(packageFolder, 'node_modules', '.bin', 'tsc');
  const all = [...options, '--ignoreConfig', 'dashboard.mts'];
  return spawnSync(compiler, all, { cwd: folder, encoding: 'utf8' }).stdout;
}

test('the dashboard has the shape that Grafana publishes, without unknown fields', {
  skip: !isLong && 'in the long run, which downloads the types',
}, async () => {
  const place = join(folder, 'node_modules', '@grafana', 'grafana-foundation-sdk');
  if (!existsSync(place)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(dirname(place), { recursive: true });
    const unpacked = join(folder, 'unpacked');
    await unpackPackage(types, unpacked);
    renameSync(join(unpacked, 'package'), place);
  }
  const text = readFileSync(join(packageFolder, 'monitoring', 'grafana-dashboard.json'), 'utf8');
  assert.equal(checked(JSON.parse(text)), '');
  assert.match(checked(JSON.parse(text.replace('"displayMode"', '"mode"'))), /'"?mode"?' does not/);
  assert.match(checked(JSON.parse(text.replace('"multi"', '"many"'))), /"many"/);
});
