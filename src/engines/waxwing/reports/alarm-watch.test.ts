import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow } from '../../../broker/flow.ts';
import { AlarmWatch } from './alarm-watch.ts';

test('alarms are reported when they begin and end, and other reasons are not', () => {
  const flow = new Flow();
  const reports: string[] = [];
  const stall = { isStalled: false };
  const watch = new AlarmWatch(flow, stall, (alarms) => reports.push(alarms.join()));
  for (const change of [
    () => {},
    () => flow.block('storage failed'),
    () => flow.block('low on memory'),
    () => flow.block('low on disk'),
    () => {},
    () => flow.unblock('low on memory'),
    () => flow.unblock('low on disk'),
    () => {
      stall.isStalled = true;
    },
    () => {
      stall.isStalled = false;
    },
  ]) {
    change();
    watch.tick();
  }
  assert.deepEqual(reports, ['memory', 'memory,disk', 'disk', '', 'writes', '']);
});
