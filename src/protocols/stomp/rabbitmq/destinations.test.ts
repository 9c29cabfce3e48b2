import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  destinationText,
  parseDestination,
  replyDestination,
  routingOf,
  subscriptionQueueName,
} from './destinations.ts';

/** The exchange and key of a destination, and its kind. */
function read(text: string): readonly string[] {
  const destination = parseDestination(text);
  const { exchange, routingKey } = routingOf(destination, 'amq.topic');
  return [destination.kind, exchange, routingKey];
}

const refused = (text: string) => {
  try {
    parseDestination(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

test('each kind of destination names an exchange and a key', () => {
  assert.deepEqual(read('/queue/a'), ['queue', '', 'a']);
  assert.deepEqual(read('a'), ['queue', '', 'a']);
  assert.deepEqual(read('/amq/queue/a'), ['amq-queue', '', 'a']);
  assert.deepEqual(read('/topic/a.b'), ['topic', 'amq.topic', 'a.b']);
  assert.deepEqual(read('/exchange/x'), ['exchange', 'x', '']);
  assert.deepEqual(read('/exchange/x/k'), ['exchange', 'x', 'k']);
  assert.deepEqual(read('/exchange/x%2Fy/a%2Fb'), ['exchange', 'x/y', 'a/b']);
  assert.deepEqual(read('/reply-queue/a/b%2F'), ['reply-queue', '', 'a/b%2F']);
  assert.equal(parseDestination('/temp-queue/t').kind, 'temp-queue');
});

test('other destinations are refused with the texts of RabbitMQ', () => {
  const valid = '/temp-queue, /exchange, /topic, /queue, /amq/queue, /reply-queue/';
  assert.equal(
    refused('/foo/a'),
    `'/foo/a' is not a valid destination.\nValid destination types are: ${valid}.\n`,
  );
  assert.equal(refused('/exchange'), "'' is not a valid exchange destination\n");
  assert.equal(refused('/exchange//k'), "'//k' is not a valid exchange destination\n");
  assert.equal(refused('/exchange/a/b/c'), "'/a/b/c' is not a valid exchange destination\n");
  assert.equal(refused('/queue/a/b'), "'/a/b' is not a valid queue destination\n");
  assert.equal(refused('/topic/'), "'/' is not a valid topic destination\n");
  assert.equal(refused('/temp-queue/'), "'/' is not a valid temp_queue destination\n");
  assert.equal(refused('/amq/queue'), "'' is not a valid amqqueue destination\n");
  assert.equal(refused(''), 'Destination cannot be blank');
});

test('deliveries name their exchange and key, percent-encoded', () => {
  assert.equal(destinationText('', 'a/b%c'), '/queue/a%2Fb%25c');
  assert.equal(destinationText('amq.topic', 'ü\n'), '/topic/%C3%BC%0A');
  assert.equal(destinationText('x', ''), '/exchange/x');
  assert.equal(destinationText('x', 'k v'), '/exchange/x/k v');
  assert.equal(replyDestination('amq.gen-1'), '/reply-queue/amq.gen-1');
  assert.equal(replyDestination('/queue/a'), '/queue/a');
});

test('the names of queues of durable subscriptions are those of RabbitMQ', () => {
  // Computed with Erlang's term_to_binary, md5 and base64.
  assert.equal(
    subscriptionQueueName('orders.eu', '1'),
    'stomp-subscription-1k0d7CTOPRG1xsOKUzMF6Q',
  );
  assert.equal(subscriptionQueueName('', 'a'), 'stomp-subscription-e6_yXy8FgpYeSv0FejvE6Q');
  assert.equal(subscriptionQueueName('a.*', 'ü'), 'stomp-subscription-OMfaC5BoJ_9k9QDTnylTdQ');
});
