import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane } from '../../support/control-plane.ts';

// Which calls are read-only in events, as in AWS: the use of a key changes nothing.

const plane = await ControlPlane.inProcess();

/** Operations of KMS that use keys, or only check. */
const uses =
  /^(Encrypt|Decrypt|ReEncrypt|GenerateDataKey\w*|GenerateRandom|GenerateMac|VerifyMac|Sign|Verify|DeriveSharedSecret|Encapsulate|Decapsulate)$/;
const reads = /^(Get|List|Describe|Lookup|Filter|Head)[A-Z]/;
/** AWS records these as read-only, too: they issue credentials, and change nothing that is kept. */
const ofSts = /^(AssumeRole\w*|DecodeAuthorizationMessage)$/;

const expected: Readonly<Record<string, (name: string) => boolean>> = {
  kms: (name) => reads.test(name) || uses.test(name),
  mq: (name) => reads.test(name),
  cloudtrail: (name) => reads.test(name),
  logs: (name) => reads.test(name) || /^(Start|Stop)/.test(name),
  sts: (name) => reads.test(name) || ofSts.test(name),
  s3: (name) => reads.test(name),
};

for (const [service, isReadOnly] of Object.entries(expected)) {
  test(`the events of ${service} are read-only exactly if the call changes nothing`, () => {
    const found = plane.services.find(({ name }) => name === service);
    assert.ok(found);
    const names = Object.keys(found.operations);
    assert.ok(names.length > 0);
    const declared = (name: string) => found.operations[name]?.readOnly;
    assert.deepEqual(
      names.filter((name) => declared(name) !== isReadOnly(name)),
      [],
    );
  });
}
