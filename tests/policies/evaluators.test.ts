import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../src/identity/policies/compile-policy.ts';
import type { PolicyKind } from '../../src/identity/policies/compiled-policy.ts';
import { type Decision, evaluate } from '../../src/identity/policies/evaluate.ts';
import { namingOf, type PolicyPrincipal } from '../../src/identity/policies/principals.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { randomCase } from './random-cases.ts';
import { type Document, decide, type SlowRequest } from './slow-evaluator.ts';

const seed = Number(process.env['WAXWING_SEED'] ?? 1);
const caseCount = process.env['WAXWING_LONG'] === '1' ? 1_000_000 : 4000;

const compiled = (document: Document, kind: PolicyKind) =>
  compilePolicy(JSON.stringify(document), kind);

/** Compiles the policies of a case, and returns its decision, with or without explanation. */
function prepared(request: SlowRequest): (explains: boolean) => Decision {
  const { caller, context, boundary, session, resourcePolicy, grantee } = request;
  const isService = caller.kind === 'service';
  const principal: PolicyPrincipal = {
    accountId: caller.account,
    arn: isService ? '' : caller.arn,
    issuerArn: caller.role,
    service: isService ? caller.arn : undefined,
    isRoot: caller.kind === 'root',
  };
  const named = new Set(grantee === undefined ? [] : [grantee]);
  const grant = { not: false, anyone: false, aws: named, services: named, federated: new Set('') };
  const values = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
  const policies = {
    identity: request.identity.map((each) => compiled(each, 'identity')),
    boundary: boundary && compiled(boundary, 'boundary'),
    session: session?.map((each) => compiled(each, 'session')),
    isAccountRoot: caller.kind === 'root',
    resource: resourcePolicy && compiled(resourcePolicy, 'resource'),
    resourceAccountId: request.resourceAccount,
    isResourcePolicyRequired: request.isKey,
    grant: namingOf(grant, 'Allow', principal),
  };
  const { action, resource } = request;
  return (explains) => evaluate({ principal, action, resource, values }, policies, explains);
}

test('the evaluator agrees with a second implementation of the specification on random policies', () => {
  const outcomes = new Map<string, number>();
  for (let index = 0; index < caseCount; index += 1) {
    const caseSeed = seed * 1_000_003 + index;
    const request = randomCase(new SeededRandom(caseSeed));
    const expected = decide(request);
    const decided = prepared(request);
    for (const explains of [false, true]) {
      const { outcome } = decided(explains);
      if (outcome === expected) continue;
      const shown = JSON.stringify(request, undefined, 1);
      assert.fail(`case ${caseSeed}: ${outcome}, but the specification says ${expected}\n${shown}`);
    }
    outcomes.set(expected, (outcomes.get(expected) ?? 0) + 1);
  }
  // Each outcome is common enough to mean something.
  for (const outcome of ['allowed', 'explicitDeny', 'implicitDeny']) {
    assert.ok(
      (outcomes.get(outcome) ?? 0) > caseCount / 20,
      `${outcome}: ${outcomes.get(outcome)}`,
    );
  }
});

test('a decision lists only matching Allow statements, or the matching Deny statements', () => {
  for (let index = 0; index < 1_000; index += 1) {
    const request = randomCase(new SeededRandom(seed * 7_000_003 + index));
    const { outcome, matched } = prepared(request)(true);
    const isOf = (effect: string) => matched.every((statement) => statement.effect === effect);
    assert.ok(isOf(outcome === 'explicitDeny' ? 'Deny' : 'Allow'));
    if (outcome === 'explicitDeny') assert.ok(matched.length > 0);
  }
});
