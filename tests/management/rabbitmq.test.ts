import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLong } from '../support/proof.ts';
import { ManagementHost } from './management-host.ts';
import { missing, RealRabbitMq } from './real-rabbitmq.ts';
import { recordedAnswers } from './recorded.ts';
import { runScenario } from './scenario.ts';
import { missingIn } from './shapes.ts';

// The same requests to this program and to RabbitMQ 3.10, whose answers are recorded.

/** Requests that a RabbitMQ answers with an internal error, or in another way on purpose. */
const otherwise: Readonly<Record<string, string>> = {
  'GET /api/overview?columns=object_totals.queues,queue_totals':
    'columns select nested values here',
};

/** Members that only RabbitMQ has, and why. */
const left: readonly RegExp[] = [
  /garbage_collection\./, // of Erlang's processes
  /backing_queue_status\./, // the inner state of a queue
  /metrics_gc_queue_length\./,
  /ra_open_file_metrics\./,
  /socket_opts\./,
  /cluster_state\./, // named after the node
  /^GET \/api\/exchanges\S*: (\[\]\.)?message_stats: missing$/, // not counted
  /\.idle_since: missing$/, // of channels
  /: reason: /, // a text in place of a list of its parts, or the other way round
];

test('every answer has the status and the members of the answer of RabbitMQ', async () => {
  const host = await ManagementHost.open();
  try {
    const answers = await runScenario(host, false);
    const differences: string[] = [];
    for (const [name, wanted] of Object.entries(recordedAnswers())) {
      if (Object.hasOwn(otherwise, name)) continue;
      const found = answers[name];
      if (found?.status !== wanted.status) {
        differences.push(`${name}: status ${found?.status} instead of ${wanted.status}`);
      } else if (wanted.shape !== undefined) {
        const lacking = missingIn(found.shape ?? 'null', wanted.shape);
        const named = lacking.map((each) => `${name}: ${each}`);
        differences.push(...named.filter((each) => !left.some((known) => known.test(each))));
      }
    }
    assert.equal(differences.join('\n'), '');
  } finally {
    await host.close();
  }
});

test('the recorded answers are those of the installed RabbitMQ', {
  skip: isLong ? (missing ?? false) : 'only in long runs',
}, async () => {
  const rabbitMq = await RealRabbitMq.start();
  try {
    const answers = await runScenario(rabbitMq, true);
    const differences = Object.entries(recordedAnswers()).flatMap(([name, { status, shape }]) => {
      const found = answers[name];
      if (found?.status !== status) return [`${name}: status ${found?.status}`];
      const lacking = shape === undefined ? [] : missingIn(found.shape ?? 'null', shape);
      return lacking.map((each) => `${name}: ${each}`);
    });
    assert.deepEqual(differences, []);
  } finally {
    await rabbitMq.stop();
  }
});
