// Simulation: what policies would decide.

import { setImmediate } from 'node:timers/promises';
import type { Infer } from '../../aws/shapes/shape.ts';
import { IamError } from '../../identity/accounts/errors.ts';
import { type PageRequest, pageOf } from '../../identity/accounts/pages.ts';
import { IdentityError } from '../../identity/errors.ts';
import { compilePolicy } from '../../identity/policies/compile-policy.ts';
import type {
  CompiledPolicy,
  PolicyKind,
  Position,
} from '../../identity/policies/compiled-policy.ts';
import {
  type ApplicablePolicies,
  evaluate,
  type MatchedStatement,
} from '../../identity/policies/evaluate.ts';
import type { PolicyPrincipal } from '../../identity/policies/principals.ts';
import type { ContextValue, ContextValues } from '../../identity/policies/scope.ts';
import { pageMembers } from './declare.ts';
import type { simulateCustomInput, simulationOutput } from './shapes/simulation.ts';

/** The members that both simulations share. */
type SimulationInput = Omit<Infer<typeof simulateCustomInput>, 'PolicyInputList'>;

/** Who is simulated, and with which policies. */
export interface Subject {
  readonly principal: PolicyPrincipal;
  readonly policies: ApplicablePolicies;
  /** The condition keys of the principal, in lower case. */
  readonly values: ReadonlyMap<string, ContextValue>;
}

/**
 * Compiles the policies of a request, each in a turn of its own.
 *
 * @throws {IamError} 'InvalidInput' for one that is not valid
 */
export async function inputPolicies(
  texts: readonly string[] = [],
  kind: PolicyKind,
  idPrefix: string,
): Promise<readonly CompiledPolicy[]> {
  const type = kind === 'resource' ? ('resource' as const) : ('none' as const);
  const compiled: CompiledPolicy[] = [];
  for (const [index, text] of texts.entries()) {
    await setImmediate();
    const id = `${idPrefix}.${index + 1}`;
    try {
      compiled.push(compilePolicy(text, kind, { id, type }));
    } catch (cause) {
      if (!(cause instanceof IdentityError)) throw cause;
      throw new IamError('InvalidInput', `${id}: ${cause.message}`, { cause });
    }
  }
  return compiled;
}

/** Evaluates each action on each resource of a page, each in a turn of its own. */
export async function simulated(
  input: SimulationInput,
  { principal, policies, values }: Subject,
): Promise<Infer<typeof simulationOutput>> {
  const given = new Map([...values, ...contextOf(input)]);
  const page = pageOf(pairsOf(input), ({ order }) => order, input as PageRequest);
  const results: NonNullable<Infer<typeof simulationOutput>['EvaluationResults']>[number][] = [];
  for (const { action, resource } of page.items) {
    await setImmediate();
    const asked = new AskedValues(given);
    const isResourcePolicyRequired = policies.resource !== undefined && /^kms:/i.test(action);
    const request = { principal, action, resource, values: asked };
    const all = { ...policies, isResourcePolicyRequired };
    const { outcome, by, matched } = evaluate(request, all, true);
    results.push({
      EvalActionName: action,
      EvalResourceName: resource,
      EvalDecision: outcome,
      MatchedStatements: matched.map(statementView),
      MissingContextValues: asked.missing,
      ...(policies.boundary && {
        PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: by !== 'boundary' },
      }),
    });
  }
  return { EvaluationResults: results, ...pageMembers(page) };
}

interface Pair {
  readonly action: string;
  readonly resource: string;
  /** Keeps the order of the request over pages. */
  readonly order: string;
}

function pairsOf({ ActionNames, ResourceArns = [] }: SimulationInput): readonly Pair[] {
  const resources = ResourceArns.length > 0 ? ResourceArns : ['*'];
  return ActionNames.flatMap((action, row) => {
    if (!/^[\w-]+:\w+$/.test(action)) {
      throw new IamError('InvalidInput', `Invalid Entity Arn: ${action} is not an action.`);
    }
    return resources.map((resource, column) => {
      const order = String(row * resources.length + column).padStart(6, '0');
      return { action, resource, order };
    });
  });
}

/** The condition keys of a request. Lists have several values. */
function contextOf({ ContextEntries = [] }: SimulationInput): [string, ContextValue][] {
  return ContextEntries.map(({ ContextKeyName = '', ContextKeyValues = [], ContextKeyType }) => {
    const isList = ContextKeyType?.endsWith('List') ?? ContextKeyValues.length > 1;
    if (!isList && ContextKeyValues.length !== 1) {
      throw new IamError(
        'InvalidInput',
        `The context key ${ContextKeyName} has ${ContextKeyValues.length} values; one is allowed.`,
      );
    }
    const [first = ''] = ContextKeyValues;
    return [ContextKeyName.toLowerCase(), isList ? ContextKeyValues : first];
  });
}

/** Remembers the keys that policies asked for in vain. */
class AskedValues implements ContextValues {
  readonly #given: ReadonlyMap<string, ContextValue>;
  readonly #missing = new Set<string>();

  constructor(given: ReadonlyMap<string, ContextValue>) {
    this.#given = given;
  }

  get missing(): readonly string[] {
    return [...this.#missing].sort();
  }

  get(key: string): ContextValue | undefined {
    const found = this.#given.get(key);
    if (found === undefined) this.#missing.add(key);
    return found;
  }
}

function statementView({ source, start, end }: MatchedStatement) {
  return {
    SourcePolicyId: source.id,
    SourcePolicyType: source.type,
    StartPosition: positionView(start),
    EndPosition: positionView(end),
  };
}

function positionView({ line, column }: Position) {
  return { Line: line, Column: column };
}
