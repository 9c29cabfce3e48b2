// Measures the use of keys: processor time of whole calls, with signature, authorisation and audit
// record. Run by hand, on a quiet machine. The disk is memory.

import { ControlPlane, region } from '../tests/support/control-plane.ts';
import { requestFor } from '../tests/support/shape-requests.ts';
import { signRequest } from '../tests/support/sign-request.ts';
import { serviceNamed } from '../tests/support/signed-calls.ts';

const plane = await ControlPlane.inProcess();
const kms = serviceNamed(plane, 'kms');

async function request(name: string, input: Readonly<Record<string, unknown>>) {
  const operation = kms.operations[name];
  if (operation === undefined) throw new Error(name);
  const atMs = plane.machine.clock.nowMs();
  const signing = { ...plane.credentials, region, service: 'kms', atMs };
  return signRequest(requestFor(kms, name, operation, input), signing);
}

async function call(name: string, input: Readonly<Record<string, unknown>>) {
  const { status, body } = await plane.answer(await request(name, input));
  if (status !== 200) throw new Error(`${name}: ${body}`);
  return JSON.parse(body);
}

/** Processor time of one call, milliseconds. */
async function measure(name: string, input: Readonly<Record<string, unknown>>, count: number) {
  const signed = await request(name, input);
  const before = process.cpuUsage();
  for (let index = 0; index < count; index += 1) await plane.answer(signed);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}

const { KeyMetadata } = await call('CreateKey', {});
const KeyId: string = KeyMetadata.Arn;
const EncryptionContext = { 'aws:ebs:id': 'vol-0123456789abcdef0', tenant: 'orders' };
const { CiphertextBlob } = await call('GenerateDataKey', {
  KeyId,
  KeySpec: 'AES_256',
  EncryptionContext,
});
const signer = await call('CreateKey', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
const Message = Buffer.from('message').toString('base64');
const SigningAlgorithm = 'ECDSA_SHA_256';
const scenarios: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['GenerateDataKey', { KeyId, KeySpec: 'AES_256', EncryptionContext }],
  ['Decrypt', { CiphertextBlob, EncryptionContext }],
  ['Sign', { KeyId: signer.KeyMetadata.Arn, Message, SigningAlgorithm }],
];
for (const [name, input] of scenarios) {
  await measure(name, input, 2000);
  const ms = await measure(name, input, 5000);
  console.log(`${name}: ${ms.toFixed(3)} ms of processor time`);
}
