import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultVirtualTopic } from '../configuration.ts';
import { type VirtualTopicHost, VirtualTopics } from './virtual-topics.ts';

const unused = {} as VirtualTopicHost; // nothing is bound here

const topicsOf = (name: string, ...topics: (readonly [string, string, string])[]) => [
  ...new VirtualTopics(
    topics.map(([of, prefix, postfix]) => ({ name: of, prefix, postfix, isSelectorAware: false })),
    unused,
  ).topicsOf(name),
];

test('by default, consumer queues belong to topics that begin with VirtualTopic', () => {
  const topics = new VirtualTopics([defaultVirtualTopic], unused);
  const rows: [queue: string, topic: string][] = [
    ['Consumer.A.VirtualTopic.T', 'VirtualTopic.T'],
    ['Consumer.A.VirtualTopic.T.U', 'VirtualTopic.T.U'],
    ['Consumer..VirtualTopic.T', 'VirtualTopic.T'],
    ['Consumer.A.B.VirtualTopic.T', ''],
    ['Consumer.A.Other.T', ''],
    ['ConsumerxAxVirtualTopic.T', ''],
    ['VirtualTopic.T', ''],
    ['X.Consumer.A.VirtualTopic.T', ''],
  ];
  for (const [queue, topic] of rows) assert.equal([...topics.topicsOf(queue)].join(), topic, queue);
});

test('virtual topics can have custom names, prefixes and postfixes', () => {
  assert.deepEqual(topicsOf('in.a.T', ['>', 'in.*.', '']), ['T']);
  assert.deepEqual(topicsOf('in.a.T.out', ['>', 'in.*.', '.out']), ['T']);
  assert.deepEqual(topicsOf('in.a.T.outs', ['>', 'in.*.', '.out']), []);
  assert.deepEqual(topicsOf('in.a.T', ['T.*', 'in.*.', '']), []);
  assert.deepEqual(topicsOf('in.a.T.1', ['T.*', 'in.*.', '']), ['T.1']);
  assert.deepEqual(topicsOf('a+b.T', ['>', 'a+b.', '']), ['T']);
  assert.deepEqual(topicsOf('aab.T', ['>', 'a+b.', '']), []);
  assert.deepEqual(topicsOf('q.T', ['T', 'q.', ''], ['>', 'q.', ''], ['U', 'q.', '']), ['T']);
  assert.deepEqual(topicsOf('x.y.z', ['>', 'x.', ''], ['>', 'x.y.', '']), ['y.z', 'z']);
  assert.deepEqual(topicsOf('q'), []);
});
