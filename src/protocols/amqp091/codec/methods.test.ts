import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader, Writer } from '../../../base/bytes.ts';
import { type Method, methodNames, readMethod, writeMethod } from './methods.gen.ts';
import { methodsTable } from './methods.table.ts';

const roundTrip = (method: Method) => {
  const w = new Writer();
  writeMethod(w, method);
  const r = new Reader(w.toBuffer());
  const read = readMethod(r.u32(), r);
  assert.equal(r.left, 0);
  return read;
};

test('a method decodes to what was encoded', () => {
  const declare: Method = {
    id: 0x0032000a,
    queue: 'orders',
    passive: false,
    durable: true,
    exclusive: false,
    autoDelete: true,
    noWait: false,
    arguments: { 'x-max-length': { type: 'signedint', value: 5 } },
  };
  const read = roundTrip(declare);
  assert.deepEqual(JSON.stringify(read), JSON.stringify(declare));
  const deliver: Method = {
    id: 0x003c003c,
    consumerTag: 'ctag',
    deliveryTag: 2 ** 40 + 7,
    redelivered: true,
    exchange: '',
    routingKey: 'grün',
  };
  assert.deepEqual(roundTrip(deliver), deliver);
});

test('bit fields share one octet in the order of the specification', () => {
  const w = new Writer();
  writeMethod(w, {
    id: 0x003c0028,
    exchange: 'e',
    routingKey: 'k',
    mandatory: false,
    immediate: true,
  });
  assert.equal(w.toBuffer().toString('hex'), '003c002800000165016b02');
});

test('every method has a name, and an unknown number has none', () => {
  const lines = methodsTable.trim().split(/\n+/);
  const names = lines.map((line) => line.split(' ')[1]);
  assert.deepEqual(Object.values(methodNames).sort(), names.sort());
  assert.equal(readMethod(0x00990001, new Reader(Buffer.alloc(0))), undefined);
});
