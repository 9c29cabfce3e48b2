import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exposition, Metrics } from './metrics.ts';

test('many metric values are written over several turns, each once under a single heading', async () => {
  const count = 2000;
  const metrics = ['one', 'two'].map((broker) => {
    const made = new Metrics({ broker });
    made.add({
      name: 'waxwing_ready',
      help: 'Messages.',
      type: 'gauge',
      measure: () => Array.from({ length: count }, (_, i) => [i, { queue: `q"${i}` }] as const),
    });
    made.histogram('waxwing_seconds', 'Time.', [1, 2])(1.5);
    return made;
  });
  let turnCount = 0;
  let isOver = false;
  const counting = () => {
    turnCount++;
    if (!isOver) setImmediate(counting);
  };
  setImmediate(counting);
  const { text, contentType } = await exposition(
    await Promise.all(metrics.map((made) => made.json())),
  );
  isOver = true;
  assert.ok(turnCount > 10, `${turnCount} turns`);
  assert.match(contentType, /^text\/plain/);
  const lines = text.split('\n');
  assert.equal(lines.filter((line) => line === '# TYPE waxwing_ready gauge').length, 1);
  assert.equal(lines.filter((line) => line === '# HELP waxwing_ready Messages.').length, 1);
  for (const broker of ['one', 'two']) {
    for (let i = 0; i < count; i += 499) {
      const line = `waxwing_ready{queue="q\\"${i}",broker="${broker}"} ${i}`;
      assert.equal(lines.filter((each) => each === line).length, 1, line);
    }
    assert.ok(lines.includes(`waxwing_seconds_bucket{le="2",broker="${broker}"} 1`));
  }
  assert.equal(lines.filter((line) => line.startsWith('waxwing_ready{')).length, 2 * count);
});
