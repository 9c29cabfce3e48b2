import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { Amqp10Peer, frameBytes, header } from '../../../../tests/support/amqp10-peer.ts';
import { RabbitMqBroker } from '../../../../tests/support/amqp10-rabbitmq.ts';
import { compositeCodes } from '../codec/performatives.gen.ts';

/** A client that has shown a certificate. */
class CertifiedPeer extends Amqp10Peer {
  peerCertificate: X509Certificate | undefined = undefined;
}

/** Logs `bob` in with a password or a certificate. Returns the offered mechanisms and the outcome. */
async function logIn(permitted: readonly string[] | undefined, mechanism: string, name?: string) {
  const options = permitted && { mechanisms: permitted, certificateName: async () => name };
  const b = await RabbitMqBroker.open('4.2', undefined, options);
  const peer = new CertifiedPeer(b.broker, b.protocol);
  if (name !== undefined) peer.peerCertificate = {} as X509Certificate;
  const initialResponse = Buffer.from('\0bob\0secret');
  const init = { code: compositeCodes.saslInit, mechanism, initialResponse } as const;
  peer.receive(Buffer.concat([header(3), frameBytes(0, init, undefined, 1)]));
  for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
  const [offer, outcome] = peer.bodies();
  assert.ok(offer?.code === compositeCodes.saslMechanisms);
  assert.ok(outcome?.code === compositeCodes.saslOutcome);
  return [offer.saslServerMechanisms?.join(' '), outcome.outcome];
}

test('only the permitted mechanisms are offered and accepted', async () => {
  assert.deepEqual(await logIn(undefined, 'PLAIN'), ['PLAIN', 0]);
  assert.deepEqual(await logIn(['PLAIN', 'EXTERNAL'], 'PLAIN'), ['PLAIN EXTERNAL', 0]);
  assert.deepEqual(await logIn(['EXTERNAL'], 'PLAIN'), ['EXTERNAL', 3]);
  assert.deepEqual(await logIn(['AMQPLAIN'], 'PLAIN'), ['ANONYMOUS', 3]);
  assert.deepEqual(await logIn(['AMQPLAIN'], 'ANONYMOUS'), ['ANONYMOUS', 1]);
});

test('with EXTERNAL, the certificate has the name of the user', async () => {
  assert.deepEqual(await logIn(['EXTERNAL'], 'EXTERNAL', 'bob'), ['EXTERNAL', 0]);
  assert.deepEqual(await logIn(['EXTERNAL'], 'EXTERNAL', 'nobody'), ['EXTERNAL', 1]);
  assert.deepEqual(await logIn(['EXTERNAL'], 'EXTERNAL'), ['EXTERNAL', 1]);
  assert.deepEqual(await logIn(undefined, 'EXTERNAL', 'bob'), ['PLAIN', 3]);
});
