// Encoded messages that tell administrators why a call was refused.

import type { KeyObject } from 'node:crypto';
import type { Random } from '../base/random.ts';
import type { Caller } from '../calls/caller.ts';
import type { Decision } from './policies/evaluate.ts';
import type { ContextValue } from './policies/scope.ts';
import { SealedTexts } from './sealed-texts.ts';

/** Maximum length of an encoded message, as in DecodeAuthorizationMessage. */
export const encodedCharactersMax = 10_240;
/** Maximum length of an encoded message that is made, because it is sent as a header. */
const headerCharactersMax = 4096;
/** Maximum number of condition keys in a message, and of values of one. */
const conditionCountMax = 24;
/** Maximum number of statements in a message. */
const statementCountMax = 16;
/** Maximum length of a value in a message. */
const valueCharactersMax = 128;

/** A refused request. */
export interface RefusedAction {
  readonly caller: Caller;
  readonly action: string;
  readonly resource: string;
  readonly decision: Pick<Decision, 'outcome' | 'matched'>;
  /** The condition keys of the operation and its resource. */
  readonly values: ReadonlyMap<string, ContextValue>;
}

/**
 * Encodes why calls were refused. The caller of such a call cannot read the message. Whoever has the
 * permission sts:DecodeAuthorizationMessage can have it decoded.
 */
export class AuthorizationMessages {
  readonly #texts: SealedTexts;

  /** @param key 256 bits */
  constructor(key: KeyObject, random: Random) {
    const purpose = 'waxwing identity: authorization message';
    this.#texts = new SealedTexts(key, purpose, random, encodedCharactersMax);
  }

  encode(refused: RefusedAction): string {
    const encoded = this.#texts.seal(detailsOf(refused));
    if (encoded.length <= headerCharactersMax) return encoded;
    const { caller, action, resource, decision } = refused;
    const shortened = { outcome: decision.outcome, matched: decision.matched.slice(0, 2) };
    const values = new Map<string, ContextValue>();
    return this.#texts.seal(detailsOf({ caller, action, resource, decision: shortened, values }));
  }

  /** The message as JSON; undefined if this service did not encode it. */
  decode(encoded: string): string | undefined {
    const found = this.#texts.open(encoded);
    return found === undefined ? undefined : JSON.stringify(found);
  }
}

function detailsOf({ caller, action, resource, decision, values }: RefusedAction): object {
  const statements = decision.matched.slice(0, statementCountMax).map((statement) => ({
    statementId: statement.sid ?? '',
    effect: statement.effect.toUpperCase(),
    sourcePolicyId: statement.source.id,
    sourcePolicyType: statement.source.type,
  }));
  const conditions = [...values].slice(0, conditionCountMax).map(([key, value]) => ({
    key: key.slice(0, valueCharactersMax),
    values: {
      items: listOf(value)
        .slice(0, conditionCountMax)
        .map((each) => ({ value: each.slice(0, valueCharactersMax) })),
    },
  }));
  return {
    allowed: false,
    explicitDeny: decision.outcome === 'explicitDeny',
    matchedStatements: { items: statements },
    failures: { items: [] },
    context: {
      principal: {
        id: caller.principalId,
        ...(caller.userName !== undefined && { name: caller.userName }),
        arn: caller.arn,
      },
      action,
      resource,
      conditions: { items: conditions },
    },
  };
}

function listOf(value: ContextValue): readonly string[] {
  if (typeof value === 'string') return [value];
  return 'variants' in value ? value.variants : value;
}
