import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestApi } from '../../../tests/support/test-api.ts';
import { asText } from '../../../tests/support/text-response.ts';
import { AwsError } from '../errors.ts';
import { query } from './query.ts';

test('a form for an unknown service is rejected in XML', async () => {
  const api = new TestApi();
  const request = await api.signed('mq', {
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  });
  const { status, headers, body } = await api.dispatcher.answer(request);
  assert.equal(status, 400);
  assert.equal(headers['Content-Type'], 'text/xml');
  assert.equal(
    body,
    '<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code>' +
      "<Message>Unknown operation: Action 'GetCallerIdentity' of version '2011-06-15'" +
      `</Message></Error><RequestId>${headers['x-amzn-RequestId']}</RequestId></ErrorResponse>`,
  );
});

test('values from an unauthenticated caller are escaped in XML', () => {
  const message = 'a<b>&"\u0000\u001f\ud800\uffffé漢\u{1f701}';
  const { body } = asText(query.fail(new AwsError('InvalidAction', message), 'id'));
  const [, shown] = /<Message>(.*)<\/Message>/s.exec(body) ?? [];
  assert.equal(shown, 'a&lt;b&gt;&amp;"\ufffd\ufffd\ufffd\ufffdé漢\u{1f701}');
});

test('an internal failure is reported as a server-side error', () => {
  const failure = new AwsError('ServiceFailure', 'm', { status: 500 });
  assert.match(asText(query.fail(failure, 'id')).body, /<Type>Receiver<\/Type>/);
});
