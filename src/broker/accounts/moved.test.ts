import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../../tests/support/bare-broker.ts';
import { ParameterAdministration } from '../rabbitmq/parameter-administration.ts';
import { internalUser } from '../users.ts';
import { movedParameter } from './moved.ts';

const to = 'amqps://localhost:5671';
const refusal = {
  code: 'not-allowed',
  message: 'this broker has moved: connect to amqps://localhost:5671',
};

test('a moved broker disconnects and refuses everyone but the user that moves messages', async () => {
  const b = await BareBroker.open();
  const { broker } = b;
  const parameters = new ParameterAdministration(broker);
  const reasons: string[] = [];
  const connect = (name: string) => {
    const access = broker.access(broker.users.require(name), '/');
    broker.clientConnections.add({
      access,
      channelCount: 0,
      shutdown: (reason) => reasons.push(`${name}: ${reason}`),
    });
  };
  connect('ann');
  assert.equal(parameters.putGlobal(movedParameter, { to, user: 'bob' }), true);
  assert.deepEqual(reasons, [`ann: ${refusal.message}`]);
  assert.throws(() => connect('ann'), refusal);
  assert.throws(() => broker.access(internalUser('/'), '/'), refusal, 'shovels have moved too');
  parameters.putGlobal(movedParameter, { to, user: 'ann' });
  connect('ann');
  const directoryUser = { ...broker.users.require('ann'), groups: [] };
  assert.throws(() => broker.access(directoryUser, '/'), refusal, 'another user of the same name');
  parameters.deleteGlobal(movedParameter);
  assert.ok(broker.access(internalUser('/'), '/'));
});

test('what a broker is told about its move is checked', async () => {
  const { broker } = await BareBroker.open();
  const parameters = new ParameterAdministration(broker);
  const wrong = [
    null,
    'amqps://localhost:5671',
    [],
    {},
    { to: 5671 },
    { to: 'amqp://localhost:5672' },
    { to: 'amqps://user:secret@localhost:5671' },
    { to: `amqps://${'a'.repeat(201)}` },
    { to: 'amqps://localhost\r\n' },
    { to, user: '' },
    { to, user: 'a'.repeat(129) },
    { to, user: 1 },
    { to, until: 'tomorrow' },
  ];
  for (const value of wrong) {
    assert.throws(() => parameters.putGlobal(movedParameter, value), {
      code: 'precondition-failed',
      message: /^the global parameter waxwing_moved (?:needs|has) /,
    });
  }
  assert.equal(parameters.global(movedParameter), undefined);
});
