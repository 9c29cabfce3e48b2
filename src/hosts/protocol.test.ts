import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocolVersion, requireProtocol } from './protocol.ts';

test('another release is refused with what to do', () => {
  requireProtocol("host 'b'", { protocol: protocolVersion });
  // The report of the release before had no `protocol`, but `version` and `plugins`.
  const before = { version: '3.10.8', plugins: [], volumes: [], clockMs: 0 };
  assert.throws(() => requireProtocol("host 'b'", before), {
    code: 'release-different',
    message:
      /^host 'b' runs an earlier release .* version 1, .* 2; install the same release on all/,
  });
  assert.throws(() => requireProtocol('the service', { protocol: protocolVersion + 1 }), {
    code: 'release-different',
    message: /^the service runs a later release/,
  });
});

test('a version in another form is refused', () => {
  for (const protocol of ['2', 1.5, 0, 10_000, null, {}]) {
    assert.throws(() => requireProtocol("host 'b'", { protocol }), { code: 'message-invalid' });
  }
});
