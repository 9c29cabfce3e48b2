import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../exchanges/route-cache.ts';
import { Publication } from '../publication.ts';
import { KeptMessages } from './kept-messages.ts';

/** Everything that a publication says, its bytes as texts. */
function contentOf(publication: Publication): Record<string, unknown> {
  const { address, addressStart, addressEnd, head, headStart, headEnd } = publication;
  const { parts, partStarts, partEnds, partCount, ...fields } = publication;
  const pieces = Array.from({ length: partCount }, (_, i) =>
    parts[i]?.subarray(partStarts[i], partEnds[i]),
  );
  return {
    ...fields,
    address: address.toString('latin1', addressStart, addressEnd),
    addressStart: 0,
    addressEnd: 0,
    head: head.toString('latin1', headStart, headEnd),
    headStart: 0,
    headEnd: 0,
    body: Buffer.concat(pieces.map((piece) => piece ?? Buffer.alloc(0))).toString('latin1'),
  };
}

/** A publication of which no field is as it was made. */
function unusual(routingKey: string): Publication {
  const publication = new Publication();
  publication.setAddress('an exchange', routingKey);
  publication.exchange = { name: 'an exchange' } as unknown as Exchange;
  publication.remembered = {} as RememberedRoute;
  publication.extraRoutingKeys = ['more'];
  publication.head = Buffer.from('..head..');
  publication.headStart = 2;
  publication.headEnd = 6;
  publication.format = 9;
  publication.isPersistent = true;
  publication.priority = 7;
  publication.expirationMs = 5000;
  publication.protocolFlags = 1;
  publication.addPart(Buffer.from('..a body'), 2, 8);
  publication.addPart(Buffer.from(' of two parts'), 0, 13);
  return publication;
}

test('all fields of a message are stored', () => {
  const usual = new Publication();
  usual.setAddress('', 'q');
  const messages = [usual, unusual('q'), unusual('k'.repeat(300)), usual];
  const plain = contentOf(new Publication());
  const third = contentOf(messages[2] as Publication);
  const same = Object.keys(plain).filter((name) => plain[name] === third[name]);
  assert.deepEqual(same, ['addressStart', 'addressEnd', 'headStart', 'headEnd']);
  const kept = new KeptMessages();
  for (const message of messages) kept.add(message, {} as Route);
  const taken: unknown[] = [];
  for (const { publication } of kept.take()) taken.push(contentOf(publication));
  assert.deepEqual(taken, messages.map(contentOf));
});

test('a large body is not copied, and is stored beside others', () => {
  const large = unusual('large');
  const pieces = [Buffer.alloc(700_000, 'a'), Buffer.alloc(700_000, 'b')];
  for (const piece of pieces) large.addPart(piece, 1, piece.length);
  const messages = [unusual('q'), large, unusual('r'), large, large];
  const expected = messages.map(contentOf);
  const kept = new KeptMessages();
  for (const message of messages) kept.add(message, {} as Route);
  const copy = large.copy();
  // Its sender uses the object for the next message.
  large.release();
  assert.deepEqual(contentOf(copy)['body'], expected[1]?.['body']);
  const taken: unknown[] = [];
  for (const { publication } of kept.take()) {
    taken.push(contentOf(publication));
    if (publication.routingKey === 'large') assert.equal(publication.parts[2], pieces[0]);
  }
  assert.deepEqual(taken, expected);
});

test('memory is reused after the messages of a transaction were taken, and not before', () => {
  const bodies = (name: string) => Array.from({ length: 40 }, (_, i) => `${name}${i}`.repeat(1500));
  const kept = (all: readonly string[]) => {
    const messages = new KeptMessages();
    for (const body of all) {
      const publication = new Publication();
      publication.setAddress('', 'q');
      publication.addPart(Buffer.from(body), 0, body.length);
      messages.add(publication, {} as Route);
    }
    return messages;
  };
  const bodyOf = ({ publication }: { readonly publication: Publication }) =>
    publication.parts[0]?.toString('latin1', publication.partStarts[0], publication.partEnds[0]);
  const [one, two, three] = [bodies('one'), bodies('two'), bodies('three')];
  const [first, second] = [kept(one).take(), kept(two)];
  const taken: unknown[] = [];
  for (const found of first) {
    taken.push(bodyOf(found));
    // Another transaction is filled while this one commits.
    if (taken.length === 20) for (const other of kept(three).take()) bodyOf(other);
  }
  assert.deepEqual(taken, one);
  const third = kept(three);
  assert.deepEqual([...second.take()].length, 40);
  assert.deepEqual(Array.from(third.take(), bodyOf), three);
});

test('all fields of a message are copied', () => {
  const message = unusual('k'.repeat(300));
  assert.deepEqual(contentOf(message.copy()), contentOf(message));
});
