import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { administrator, ManagementHost } from '../management/management-host.ts';
import { isLong } from '../support/proof.ts';

// KEDA's scaler for RabbitMQ, which is not downloaded. The program reads one trigger a line as JSON, with
// the members `metadata` and `auth` (the parameters of a TriggerAuthentication), asks the scaler once,
// and prints `{"value": …, "active": …}` or `{"error": …}` for each.

const program = process.env['WAXWING_KEDA_SCALER'] ?? '';

function reasonToSkip(): string | false {
  if (!isLong) return 'it runs KEDA: only in long runs';
  return program === '' ? 'WAXWING_KEDA_SCALER names no program with KEDA’s scaler' : false;
}

const skip = reasonToSkip();
const waitMs = 60_000;

interface Trigger {
  readonly metadata: Readonly<Record<string, string>>;
  readonly auth: Readonly<Record<string, string>>;
}

/** The scaler's result for each trigger: the metric value and whether the trigger is active, or an error. */
function ask(triggers: readonly Trigger[]): Promise<readonly (string | undefined)[]> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, { timeout: waitMs }, (error, stdout) => {
      if (error !== null) return reject(error);
      const answers = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      resolve(answers.map(({ value, active, error }) => error ?? `${value} ${active}`));
    });
    child.stdin?.end(triggers.map((trigger) => `${JSON.stringify(trigger)}\n`).join(''));
  });
}

test('KEDA’s scaler reads lengths over HTTP and AMQP, of one queue or several', {
  skip,
}, async () => {
  const host = await ManagementHost.open();
  try {
    const [user = '', password = ''] = administrator.split(':');
    await host.json('PUT', '/api/vhosts/shop%2Feu');
    const all = { configure: '.*', write: '.*', read: '.*' };
    await host.json('PUT', `/api/permissions/shop%2Feu/${user}`, all);
    for (const [vhost, queue, count] of [
      ['%2F', 'orders', 3],
      ['%2F', 'mail', 5],
      ['shop%2Feu', 'orders', 7],
    ] as const) {
      await host.json('PUT', `/api/queues/${vhost}/${queue}`, { durable: true });
      const message = {
        properties: {},
        routing_key: queue,
        payload: 'x',
        payload_encoding: 'string',
      };
      for (let sent = 0; sent < count; sent++) {
        await host.json('POST', `/api/exchanges/${vhost}/amq.default/publish`, message);
      }
    }
    const auth = { username: user, password, tls: 'enable', ca: host.authority };
    const trigger = (scheme: string, port: number, metadata: Trigger['metadata']): Trigger => ({
      metadata: { queueName: 'orders', mode: 'QueueLength', value: '2', ...metadata },
      auth: { ...auth, host: `${scheme}://localhost:${port}/` },
    });
    const http = (metadata: Trigger['metadata'] = {}) =>
      trigger('https', host.managementPort, metadata);
    const amqp = (metadata: Trigger['metadata'] = {}) =>
      trigger('amqps', host.broker.ports['amqps'] ?? 0, metadata);
    const inVhost = { vhostName: 'shop/eu' };
    const regex = { queueName: '^(orders|mail)$', useRegex: 'true' };
    const found = await ask([
      http(),
      http(inVhost),
      http({ activationValue: '3' }),
      http(regex),
      http({ ...regex, operation: 'max' }),
      http({ ...regex, pageSize: '1' }),
      http({ queueName: '^none', useRegex: 'true' }),
      http({ mode: 'MessageRate' }),
      amqp(),
      amqp(inVhost),
      amqp({ queueName: 'none' }),
    ]);
    const messageRate = found[7] ?? '';
    assert.match(messageRate, /^[\d.]+ true$/);
    assert.deepEqual(found, [
      '3 true',
      '7 true',
      '3 false',
      '8 true',
      '5 true',
      'error inspecting RabbitMQ: regex matches more queues than can be recovered at once',
      '0 false',
      messageRate,
      '3 true',
      '7 true',
      `error inspecting RabbitMQ: Exception (404) Reason: "NOT_FOUND - no queue 'none' in vhost '/'"`,
    ]);
  } finally {
    await host.close();
  }
});
