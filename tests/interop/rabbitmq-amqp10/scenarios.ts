// Scenarios that are played to RabbitMQ 4 and to Waxwing.

import { setTimeout as pause } from 'node:timers/promises';
import rhea, { type Message, type Receiver, type Sender } from 'rhea';
import {
  type Clients,
  errorText,
  type Got,
  Management,
  receiver,
  send,
  sender,
  shown,
  take,
} from './clients.ts';

/** A scenario returns what its clients have seen. */
type Scenario = (clients: Clients) => Promise<string[]>;

const queueBody = { durable: true, auto_delete: false, exclusive: false, arguments: {} };
const exchangeBody = {
  type: 'topic',
  durable: true,
  auto_delete: false,
  internal: false,
  arguments: {},
};

/** A message as text: its sections. */
function messageText(message: Message | undefined): string {
  if (message === undefined) return 'nothing';
  const { message_annotations, application_properties, body, ...rest } = message as Message &
    Record<string, unknown>;
  const content = (body as { content?: Buffer } | undefined)?.content;
  const text = content === undefined ? shown(body) : `<${content.toString()}>`;
  const fields = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined && value !== null),
  );
  return [shown(fields), shown(message_annotations), shown(application_properties), text].join(' ');
}

const opened = <T extends Sender | Receiver>(link: T | string): T => {
  if (typeof link === 'string') throw new Error(link);
  return link;
};

function tell(link: Sender | Receiver | string): string {
  return typeof link === 'string' ? link : 'attached';
}

async function managedQueues(clients: Clients): Promise<string[]> {
  const connection = await clients.open();
  const m = await Management.open(connection);
  const args = { ...queueBody, arguments: { 'x-max-length': rhea.types.wrap_long(5) } };
  return [
    await m.call('PUT', '/queues/cmp-q', args),
    await m.call('PUT', '/queues/cmp-q', args),
    await m.call('PUT', '/queues/cmp-q', queueBody),
    await m.call('GET', '/queues/cmp-q'),
    await m.call('GET', '/queues/cmp-none'),
    await m.call('DELETE', '/queues/cmp-q/messages'),
    await m.call('DELETE', '/queues/cmp-none/messages'),
    await m.call('DELETE', '/queues/cmp-q'),
    await m.call('DELETE', '/queues/cmp-q'),
    await m.call('PUT', '/queues/amq.cmp', queueBody),
    await m.call('PUT', '/queues/cmp-bad', { ...queueBody, durable: 'yes' }),
    await m.call('PUT', '/queues/cmp-bad', {
      ...queueBody,
      arguments: { 'x-max-length': 'many' },
    }),
    await m.call('PUT', '/queues/cmp%2Fslash', queueBody),
    await m.call('DELETE', '/queues/cmp%2Fslash'),
  ];
}

async function managedExchanges(clients: Clients): Promise<string[]> {
  const m = await Management.open(await clients.open());
  await m.call('PUT', '/queues/cmp-bound', queueBody);
  const binding = {
    source: 'cmp-e',
    destination_queue: 'cmp-bound',
    binding_key: 'a.#',
    arguments: {},
  };
  const said = [
    await m.call('PUT', '/exchanges/cmp-e', exchangeBody),
    await m.call('PUT', '/exchanges/cmp-e', exchangeBody),
    await m.call('PUT', '/exchanges/cmp-e', { ...exchangeBody, type: 'fanout' }),
    await m.call('PUT', '/exchanges/cmp-none', { ...exchangeBody, type: 'nothing' }),
    await m.call('POST', '/bindings', binding),
    await m.call('POST', '/bindings', { ...binding, source: 'cmp-none' }),
    await m.call('POST', '/bindings', { ...binding, destination_queue: 'cmp-none' }),
    await m.call('GET', '/bindings?src=cmp-e&dstq=cmp-bound&key=a.%23'),
    await m.call('GET', '/bindings?src=cmp-e&dstq=cmp-none&key=a.%23'),
    await m.call('DELETE', '/bindings/src=cmp-e;dstq=cmp-bound;key=a.%23;args='),
    await m.call('GET', '/bindings?src=cmp-e&dstq=cmp-bound&key=a.%23'),
    await m.call('DELETE', '/exchanges/cmp-e'),
    await m.call('DELETE', '/exchanges/cmp-e'),
    await m.call('DELETE', '/exchanges/amq.direct'),
    await m.call('GET', '/nothing'),
  ];
  await m.call('DELETE', '/queues/cmp-bound');
  return said;
}

async function refusedLinks(clients: Clients): Promise<string[]> {
  const said: string[] = [];
  for (const target of [
    '/queues/cmp-none',
    '/exchanges/cmp-none',
    '/queues/',
    '/queues/%',
    '/x/y',
  ]) {
    said.push(`to ${target}: ${tell(await sender(await clients.open(), target))}`);
  }
  for (const source of [
    '/queues/cmp-none',
    '/exchanges/amq.direct',
    '/queues/a/b',
    '/exchanges/',
  ]) {
    said.push(`from ${source}: ${tell(await receiver(await clients.open(), source))}`);
  }
  return said;
}

async function senderOutcomes(clients: Clients): Promise<string[]> {
  const connection = await clients.open();
  const channel = await clients.channel();
  await channel.assertQueue('cmp-full', {
    maxLength: 1,
    arguments: { 'x-overflow': 'reject-publish' },
  });
  const said: string[] = [];
  const full = opened(await sender(connection, '/queues/cmp-full'));
  for (let n = 0; n < 3; n++) said.push(await send(full, { body: 'x', durable: true }));
  const nowhere = opened(await sender(connection, '/exchanges/amq.direct/cmp-nothing'));
  said.push(await send(nowhere, { body: 'x' }));
  const anonymous = opened(await sender(connection, {}));
  for (const to of [
    '/queues/cmp-full',
    '/exchanges/amq.direct/k',
    '/exchanges/cmp-none',
    'bad',
    undefined,
  ])
    said.push(`${to}: ${await send(anonymous, { to, body: 'x' } as Message)}`);
  const user = opened(await sender(connection, '/exchanges/amq.direct/k'));
  said.push(await send(user, { user_id: Buffer.from('nobody'), body: 'x' } as unknown as Message));
  await channel.deleteQueue('cmp-full');
  return said;
}

async function receiverOutcomes(clients: Clients): Promise<string[]> {
  const connection = await clients.open();
  const channel = await clients.channel();
  await channel.assertQueue('cmp-dead');
  await channel.assertQueue('cmp-work', {
    deadLetterExchange: '',
    deadLetterRoutingKey: 'cmp-dead',
  });
  const to = opened(await sender(connection, '/queues/cmp-work'));
  await send(to, { body: 'one', durable: true, ttl: 100_000, subject: 's' });
  const from = opened(await receiver(connection, '/queues/cmp-work'));
  const said: string[] = [];
  const next = async (): Promise<Got | undefined> => {
    const [got] = await take(from, 1);
    const { ttl, ...rest } = got?.message ?? {};
    said.push(messageText(got && ({ ...rest, hasTtl: ttl !== undefined } as unknown as Message)));
    return got;
  };
  (await next())?.delivery.release();
  (await next())?.delivery.modified({
    delivery_failed: true,
    message_annotations: { 'x-opt-why': 'tired', other: 1 },
  } as object);
  (await next())?.delivery.reject({ condition: 'app:bad', description: 'bad' });
  const dead = opened(await receiver(connection, '/queues/cmp-dead'));
  const [letter] = await take(dead, 1);
  const { 'x-opt-deaths': deaths, ...annotations } = (letter?.message.message_annotations ??
    {}) as Record<string, unknown>;
  said.push(shown(annotations));
  said.push(shown(deaths).replace(/"(first|last)-time":"[^"]*"/g, '"$1-time":"…"'));
  letter?.delivery.accept();
  await pause(100);
  for (const queue of ['cmp-dead', 'cmp-work']) await channel.deleteQueue(queue);
  return said;
}

async function fromClassic(clients: Clients): Promise<string[]> {
  const connection = await clients.open();
  const channel = await clients.channel();
  await channel.assertQueue('cmp-classic');
  const messages = [
    { persistent: true, contentType: 'text/plain', priority: 3, messageId: 'm1' },
    { correlationId: 'c1', replyTo: 'cmp-answers', type: 'kind', appId: 'app' },
    { messageId: '0e8d8a1c-2e43-4f8e-9a64-5b1c1d0b1f5e', contentEncoding: 'gzip' },
    { timestamp: 1_700_000_000, expiration: '60000' },
    { headers: { n: 7, s: 'text', f: 1.5, yes: true, 'x-own': 'a', list: [1, 'two'] } },
    { headers: { CC: ['cmp-other'] } },
  ];
  const from = opened(await receiver(connection, '/queues/cmp-classic'));
  const said: string[] = [];
  for (const options of messages) {
    channel.sendToQueue('cmp-classic', Buffer.from('body'), options);
    await channel.waitForConfirms();
    const [got] = await take(from, 1);
    const message = got?.message as (Message & { ttl?: number }) | undefined;
    if (message?.ttl !== undefined) message.ttl = 1;
    said.push(messageText(message));
    got?.delivery.accept();
  }
  await pause(100);
  await channel.deleteQueue('cmp-classic');
  return said;
}

async function toClassic(clients: Clients): Promise<string[]> {
  const connection = await clients.open();
  const channel = await clients.channel();
  await channel.assertQueue('cmp-to-classic');
  const to = opened(await sender(connection, '/queues/cmp-to-classic'));
  const { data_section: data, sequence_section: sequence } = rhea.message;
  const messages: Message[] = [
    { body: data(Buffer.from('bytes')), durable: true, priority: 3, message_id: 'm1' },
    { body: 'text', subject: 's', reply_to: '/queues/answers', correlation_id: 'c1' },
    { body: rhea.types.wrap_int(5), message_id: rhea.types.wrap_ulong(7) as never },
    { body: sequence([1, 2]), content_type: 'text/plain', content_encoding: 'gzip' },
    { body: data(Buffer.from('b')), group_id: 'g', group_sequence: 3, ttl: 60_000 },
    {
      body: data(Buffer.from('b')),
      application_properties: { n: 1, s: 'text', yes: true, f: 1.5 },
      message_annotations: { 'x-own': 'a', other: 2, 'x-opt-o': 3 },
    },
    { body: data(Buffer.from('b')), creation_time: new Date(1_700_000_000_000) } as Message,
  ];
  const said: string[] = [];
  for (const message of messages) {
    said.push(await send(to, message));
    const found = await channel.get('cmp-to-classic', { noAck: true });
    if (found === false) said.push('nothing');
    else said.push(`${shown({ ...found.properties })} <${found.content.toString('latin1')}>`);
  }
  await channel.deleteQueue('cmp-to-classic');
  return said;
}

async function creditAndDrain(clients: Clients): Promise<string[]> {
  const connection = await clients.open();
  const channel = await clients.channel();
  await channel.assertQueue('cmp-credit');
  const to = opened(await sender(connection, '/queues/cmp-credit'));
  for (let n = 0; n < 5; n++) await send(to, { body: n, durable: true });
  const from = opened(await receiver(connection, '/queues/cmp-credit'));
  const some = await take(from, 2);
  let drained = false;
  from.once('receiver_drained', () => {
    drained = true;
  });
  from.drain = true;
  const rest = await take(from, 10);
  const said = [some, rest].map((all) => shown(all.map(({ message }) => message.body as number)));
  said.push(`drained ${drained}`);
  const large = rhea.message.data_section(Buffer.alloc(1_500_000, 'x'));
  said.push(await send(to, { body: large }));
  from.drain = false;
  const [got] = await take(from, 1);
  said.push(String((got?.message.body as { content: Buffer } | undefined)?.content.length));
  await channel.deleteQueue('cmp-credit');
  await pause(200);
  said.push(`after the queue was deleted: ${errorText(from.error)}`);
  said.push(await send(to, { body: 'late' }));
  return said;
}

async function connections(clients: Clients): Promise<string[]> {
  const said: string[] = [];
  const connection = await clients.open();
  const { remote } = connection as unknown as {
    remote: { open: { offered_capabilities: unknown; properties: Record<string, unknown> } };
  };
  said.push(shown(remote.open.offered_capabilities), String(remote.open.properties['product']));
  const refused = [
    { hostname: 'vhost:cmp-none' },
    { password: 'wrong' },
    { max_frame_size: 100 },
    { idle_time_out: 100 },
  ];
  for (const options of refused) {
    const outcome = await clients.open(options).then(
      () => 'opened',
      (error: unknown) => errorText(error),
    );
    said.push(`${shown(options)}: ${outcome}`);
  }
  return said;
}

/** All scenarios by their names. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  connections,
  'managed queues': managedQueues,
  'managed exchanges and bindings': managedExchanges,
  'refused links': refusedLinks,
  'outcomes for senders': senderOutcomes,
  'outcomes of receivers': receiverOutcomes,
  'messages of AMQP 0-9-1': fromClassic,
  'messages for AMQP 0-9-1': toClassic,
  'credit and drain': creditAndDrain,
};
