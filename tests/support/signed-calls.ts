// Signed calls of a control plane without a port.

import assert from 'node:assert/strict';
import type { EventRecord } from '../../src/audit/record.ts';
import { parseLine, trailTimeline } from '../../src/audit/trail.ts';
import type { Service } from '../../src/aws/service.ts';
import { type ControlPlane, region } from './control-plane.ts';
import { requestFor } from './shape-requests.ts';
import { signRequest } from './sign-request.ts';

/** The access key that signs a call. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The answer to a call, and its event in the trail. */
export interface AnsweredCall {
  readonly status: number;
  readonly body: string;
  readonly event: EventRecord;
}

/** The service with this name. */
export function serviceNamed(plane: ControlPlane, name: string): Service {
  const service = plane.services.find((each) => each.name === name);
  assert.ok(service !== undefined, name);
  return service;
}

/**
 * Calls an operation.
 *
 * @param input in JSON's types
 */
export async function signedCall(
  plane: ControlPlane,
  service: Service,
  name: string,
  input: Readonly<Record<string, unknown>>,
  credentials: Credentials = plane.credentials,
): Promise<AnsweredCall> {
  const operation = service.operations[name];
  assert.ok(operation !== undefined, name);
  const atMs = plane.machine.clock.nowMs();
  const plain = requestFor(service, name, operation, input);
  const signing = { ...credentials, region, service: service.name, atMs };
  const { status, headers, body } = await plane.answer(await signRequest(plain, signing));
  return { status, body, event: await eventOf(plane, headers['x-amzn-RequestId'] ?? '') };
}

async function eventOf(plane: ControlPlane, requestId: string): Promise<EventRecord> {
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, newestFirst: true };
  for await (const { bytes } of plane.store.readTimeline(trailTimeline, range)) {
    const { event } = parseLine(bytes);
    if (event.requestID === requestId) return event;
  }
  return assert.fail(`no event of ${requestId}`);
}
