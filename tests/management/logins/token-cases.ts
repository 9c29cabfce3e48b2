// What users with tokens may do: cases for this program and for a real RabbitMQ.

import type { JWTPayload } from 'jose';

/** The configuration of the broker, for RabbitMQ 3.10 and later. */
export const oauthConfiguration = (
  keysUrl: string,
): string => `auth_backends.1 = rabbit_auth_backend_oauth2
auth_backends.2 = internal
auth_oauth2.resource_server_id = rabbitmq
auth_oauth2.additional_scopes_key = roles
auth_oauth2.jwks_url = ${keysUrl}
`;

/** A case: the claims of a token, and what follows from it. */
export interface TokenCase {
  readonly name: string;
  /** Replaces the claims of a token with all rights. Undefined leaves a claim out. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly vhost?: string;
  /** Performed one after the other, on a new channel each. */
  readonly steps?: readonly Step[];
  /** Why the connection is refused; undefined if it is not. */
  readonly refusal?: string;
}

/** An action on a channel, and its error; undefined if it is permitted. */
export type Step =
  | readonly [action: 'queue' | 'get' | 'fanout' | 'topic', name: string, error?: string]
  | readonly [action: 'publish' | 'bind', name: string, error: string | undefined, key: string];

const denied = 'ACCESS_REFUSED - ';
const refusedLogin = `${denied}Login was refused using authentication mechanism PLAIN. For details see the broker logfile.`;
/** What amqplib makes of a refusal of a virtual host. */
export const refusedVhost = 'Expected ConnectionOpenOk; got <ConnectionClose channel:0>';
const of = (user: string, what: string) =>
  `${denied}${what} in vhost '/' refused for user '${user}'`;

/** The claims of a token with all rights. */
export const allRights: JWTPayload = {
  aud: 'rabbitmq',
  sub: 'anna',
  scope:
    'rabbitmq.configure:*/* rabbitmq.write:*/* rabbitmq.read:*/* rabbitmq.write:*/*/* rabbitmq.read:*/*/*',
};

/** The cases. Names of queues and exchanges are those of one test run. */
export const tokenCases: readonly TokenCase[] = [
  {
    name: 'all rights',
    claims: {},
    steps: [
      ['queue', 'q'],
      ['topic', 't'],
      ['bind', 't', undefined, 'a.#'],
      ['publish', 't', undefined, 'a.b'],
      ['get', 'q'],
    ],
  },
  { name: 'another audience', claims: { aud: 'other' }, refusal: refusedLogin },
  { name: 'an expired token', claims: { exp: 1_000_000_000 }, refusal: refusedLogin },
  {
    name: 'no scopes',
    claims: { scope: '' },
    refusal: refusedVhost,
  },
  {
    name: 'scopes of another virtual host',
    claims: { scope: 'rabbitmq.read:other/*' },
    refusal: refusedVhost,
  },
  {
    name: 'scopes with another prefix',
    claims: { scope: 'other.read:*/*' },
    refusal: refusedVhost,
  },
  {
    name: 'reading only',
    claims: { scope: 'rabbitmq.read:%2F/q' },
    steps: [
      ['get', 'q'],
      ['get', 'other', of('anna', "read access to queue 'other'")],
      ['queue', 'q', of('anna', "configure access to queue 'q'")],
      ['publish', 't', of('anna', "write access to exchange 't'"), 'a'],
      ['publish', '', of('anna', "write access to exchange 'amq.default'"), 'q'],
    ],
  },
  {
    name: 'routing keys',
    claims: { scope: 'rabbitmq.write:*/*/a.* rabbitmq.read:*/*/%23', sub: 'bob' },
    steps: [
      ['publish', 't', undefined, 'a.b'],
      [
        'publish',
        't',
        `${denied}write access to topic 'b.a' in exchange 't' in vhost '/' refused for user 'bob'`,
        'b.a',
      ],
      ['bind', 't', undefined, '#'],
      [
        'bind',
        't',
        `${denied}read access to topic 'a.b' in exchange 't' in vhost '/' refused for user 'bob'`,
        'a.b',
      ],
    ],
  },
  {
    name: 'names with wildcards',
    claims: { scope: 'rabbitmq.configure:*/own-*-x', sub: 'cat' },
    steps: [
      ['queue', 'own-1-x'],
      ['queue', 'own-1-y', of('cat', "configure access to queue 'own-1-y'")],
      ['fanout', 'own--x'],
      ['fanout', 'own', of('cat', "configure access to exchange 'own'")],
    ],
  },
  {
    name: 'scopes in a list and in another claim',
    claims: { scope: ['rabbitmq.read:*/q'], roles: ['rabbitmq.configure:*/r-*'] },
    steps: [
      ['get', 'q'],
      ['queue', 'r-1'],
      ['queue', 'q', of('anna', "configure access to queue 'q'")],
    ],
  },
  {
    name: 'the client as the user',
    claims: { sub: undefined, client_id: 'web', scope: 'rabbitmq.read:*/q' },
    steps: [['queue', 'q', of('web', "configure access to queue 'q'")]],
  },
];
