import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFindings, Redaction, type TextFinding } from './text-inspection.ts';

function finding(text: string, what = 'tag value', kinds = ['email']): TextFinding {
  return { field: { what, member: 'tags', text, name: undefined }, kinds };
}

test('findings list each pair of kind and field once', () => {
  const findings = [
    finding('a@example.com'),
    finding('b@example.com'),
    finding('c@example.com, 0171 2345678', 'description', ['email', 'phone']),
  ];
  assert.equal(
    describeFindings(findings),
    'email in tag value, email in description, phone in description',
  );
});

test('texts are redacted in values, elements and keys without losing members', () => {
  const redaction = new Redaction([finding('a@example.com'), finding('b@example.com')]);
  assert.deepEqual(
    redaction.of({
      list: ['a@example.com', 'c'],
      tags: { 'a@example.com': 'x', 'b@example.com': 'b@example.com', plain: null },
      count: 1,
    }),
    {
      list: ['*** [email]', 'c'],
      tags: { '*** [email]': 'x', '*** [email] 2': '*** [email]', plain: null },
      count: 1,
    },
  );
  assert.equal(redaction.of(null), null);
});

test('messages contain neither a full nor a shortened text', () => {
  const text = `owner anna.meier@example.com ${'x'.repeat(90)}`;
  const redaction = new Redaction([finding(text)]);
  const ofMessage = (message: string) => redaction.ofMessage(message);
  assert.equal(ofMessage(`name [${text}] is taken`), 'name [*** [email]] is taken');
  assert.equal(
    ofMessage(`name [${text.slice(0, 60)}] is invalid`),
    'name [*** [email]] is invalid',
  );
  assert.equal(ofMessage('name is missing'), 'name is missing');
  assert.equal(
    ofMessage(`Value '[b, ${text.slice(0, 20)}…' at 'tags' failed`),
    "Value '***' at 'tags' failed",
  );
});

test('input without findings is unchanged', () => {
  const parameters = { name: 'a@example.com' };
  assert.equal(new Redaction([]).of(parameters), parameters);
  assert.equal(new Redaction([]).ofMessage("Value 'x' at 'y'"), "Value 'x' at 'y'");
});
