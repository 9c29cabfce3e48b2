import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { encode } from 'cborg';
import fc from 'fast-check';
import type { Wire } from '../../../src/aws/errors.ts';
import { cborDepthMax, cborItemCountMax, parseCbor } from '../../../src/aws/wires/cbor-body.ts';
import { namePartCountMax } from '../../../src/aws/wires/form-reader.ts';
import { xmlDepthMax, xmlTagCountMax } from '../../../src/aws/wires/xml-reader.ts';
import { systemClock } from '../../../src/base/clock.ts';
import type { HttpResponse } from '../../../src/net/http/message.ts';
import { type PlainRequest, signRequest } from '../../support/sign-request.ts';
import { accessKeyId, region, secretAccessKey } from '../../support/test-api.ts';
import { EchoServer } from './echo-server.ts';

// Malformed requests are refused in the format of their wire.

type Case = readonly [what: string, body: string | Buffer, message: RegExp];

interface WireCases {
  readonly request: (body: string | Buffer) => PlainRequest;
  /** The code and message that an answer has. */
  readonly errorOf: (answer: HttpResponse) => readonly [code: unknown, message: string];
  readonly unreadable: string;
  readonly cases: readonly Case[];
}

const jsonError = ({ body }: HttpResponse) => {
  const { __type, message } = JSON.parse(body.toString());
  return [__type, message] as const;
};

const xmlError = ({ body }: HttpResponse) => {
  const text = body.toString();
  const [, code] = /<Code>(.*?)<\/Code>/s.exec(text) ?? [];
  const [, message = ''] = /<Message>(.*?)<\/Message>/s.exec(text) ?? [];
  return [code, message] as const;
};

const jsonCases: readonly Case[] = [
  ['no JSON', '{"Text":', /is not JSON/],
  ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), /is not UTF-8/],
  ['too deep', '['.repeat(65), /nested deeper than 64 levels/],
  ['a number that is a text', '{"Whole":"1"}', /'whole' is a string, but must be an integer/],
  ['a long that no number holds', '{"Big":9007199254740993}', /'big' is a number, but must be/],
  ['a fraction of a long', '{"Big":0.5}', /'big' is a number, but must be an integer/],
  ['a text that is no double', '{"Ratio":"one"}', /'ratio' is a string, but must be a number/],
  ['a date where seconds are meant', '{"At":"2026-11-23T20:04:00Z"}', /'at' is a string/],
  ['a moment beyond the year 9999', '{"At":1e300}', /'at' is a number, but must be a timestamp/],
  ['seconds where a date is meant', '{"AtDateTime":5}', /'atDateTime' is a number/],
  ['bytes that are no base64', '{"Bytes":"*"}', /'bytes' is a string, but must be base64/],
  ['a list that is none', '{"Names":{}}', /'names' is an object, but must be a list/],
];

const json = (version: string): WireCases => ({
  request: (body) => ({
    method: 'POST',
    path: '/',
    headers: {
      'content-type': `application/x-amz-json-${version}`,
      'x-amz-target': 'EchoService.Echo',
    },
    body,
  }),
  errorOf: jsonError,
  unreadable: 'SerializationException',
  cases: jsonCases,
});

const deepXml = '<a>'.repeat(xmlDepthMax + 2) + '</a>'.repeat(xmlDepthMax + 2);
const deepCbor = Buffer.concat([
  Buffer.from([0xa1, 0x64, ...Buffer.from('Deep')]),
  Buffer.alloc(cborDepthMax, 0x81),
  Buffer.from([0]),
]);

const wireCases: Readonly<Record<Wire, WireCases>> = {
  'json-1.0': json('1.0'),
  'json-1.1': json('1.1'),
  'rest-json': {
    request: (body) => ({ method: 'POST', path: '/echo', headers: {}, body }),
    errorOf: ({ body, headers }) => [
      headers['x-amzn-ErrorType'],
      JSON.parse(body.toString()).message,
    ],
    unreadable: 'BadRequestException',
    cases: [...jsonCases, ['no object', '[]', /must be a JSON object/]],
  },
  query: {
    request: (body) => ({
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `Action=Echo&Version=2026-11-01&${body}`,
    }),
    errorOf: xmlError,
    unreadable: 'MalformedInput',
    cases: [
      ['a number that is none', 'Whole=1x', /'whole' is a string, but must be an integer/],
      ['a long that no number holds', 'Big=9007199254740993', /'big' is a number, but must be/],
      ['a list that is not numbered', 'Names.member.x=a', /must be numbered from 1/],
      ['a list that begins at 0', 'Names.member.0=a', /must be numbered from 1/],
      ['a list with a hole in an element', 'Names.member.1.x=a', /'names.1.member' is null/],
      ['a map without values', 'Labels.entry.1.value.x=a&Labels.entry.1.key=k&Whole=x', /'whole'/],
      ['a name of many parts', `a${'.a'.repeat(namePartCountMax)}=1`, /more than 64 parts/],
      [
        'too many parameters',
        'a=1&'.repeat(1000),
        /more than 1000 parameters, the maximum allowed/,
      ],
      ['a moment that is none', 'At=yesterday', /'at' is a string, but must be a timestamp/],
    ],
  },
  'rest-xml': {
    request: (body) => ({ method: 'POST', path: '/echo', headers: {}, body }),
    errorOf: xmlError,
    unreadable: 'MalformedXML',
    cases: [
      ['no XML', 'Text', /is not well-formed XML|is XML without an element/],
      ['an element that does not end', '<Echo><Text>a</Echo>', /is not well-formed XML/],
      ['no UTF-8', Buffer.from('<Echo><Text>\xff</Text></Echo>', 'latin1'), /is not UTF-8/],
      ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><Echo/>', /XML with a document type/],
      ['too deep', deepXml, /not XML of at most 64 levels/],
      ['too many tags', `<a>${'<b/>'.repeat(xmlTagCountMax)}</a>`, /more than 40000 tags/],
      ['a number that is none', '<Echo><Whole>1x</Whole></Echo>', /'whole' is a string/],
      ['a flag that is none', '<Echo><Flag>yes</Flag></Echo>', /'flag' is a string/],
    ],
  },
  'rpc-v2-cbor': {
    request: (body) => ({
      method: 'POST',
      path: '/service/EchoService/operation/Echo',
      headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
      body,
    }),
    errorOf: ({ body }) => {
      const { __type, message } = parseCbor(body as Buffer) as Record<string, string>;
      return [__type, message ?? ''];
    },
    unreadable: 'SerializationException',
    cases: [
      ['no CBOR', Buffer.from([0x1c]), /is not CBOR/],
      ['a body that ends early', Buffer.from([0xa1, 0x61]), /is not CBOR/],
      ['a list that claims to be huge', Buffer.from([0x9b, 0, 0, 0, 1, 0, 0, 0, 0]), /not CBOR/],
      ['a text that claims to be huge', Buffer.from([0x7b, 0, 0, 0, 1, 0, 0, 0, 0]), /not CBOR/],
      ['a key twice', Buffer.from([0xa2, 0x61, 0x61, 1, 0x61, 0x61, 2]), /is not CBOR/],
      ['a tag that is not known', Buffer.from([0xd8, 0x20, 0x60]), /is not CBOR/],
      ['a moment that is a text', Buffer.from([0xc1, 0x61, 0x61]), /an invalid timestamp/],
      ['too deep', deepCbor, /nested deeper than 64 levels/],
      ['too many items', Buffer.alloc(cborItemCountMax + 2, 0x80), /not CBOR|more than \d/],
      [
        'a list with too many items',
        Buffer.from(encode({ Names: Array(cborItemCountMax).fill(0) })),
        /more than 100000 items/,
      ],
      ['more than one item', Buffer.from([0xa0, 0xa0]), /is not CBOR/],
      ['a long that no number holds', Buffer.from(encode({ Big: 2n ** 60n })), /'big' is a bigint/],
      ['a moment without its tag', Buffer.from(encode({ At: 5 })), /'at' is a number/],
      ['bytes that are a text', Buffer.from(encode({ Bytes: 'aa' })), /'bytes' is a string/],
      ['no map', Buffer.from([0x80]), /must be a structure/],
    ],
  },
};

for (const [wire, { request, errorOf, unreadable, cases }] of Object.entries(wireCases)) {
  const server = await EchoServer.open(wire as Wire);

  describe(wire, () => {
    after(async () => {
      await server.close();
      assert.deepEqual(server.unexpectedErrors, []);
    });

    const answerTo = async (plain: PlainRequest): Promise<HttpResponse> => {
      const atMs = systemClock.nowMs();
      const signing = { accessKeyId, secretAccessKey, region, service: 'kms', atMs };
      return server.dispatcher.answer(await signRequest(plain, signing));
    };

    for (const [what, body, message] of cases) {
      test(`${what} is refused`, async () => {
        const answer = await answerTo(request(body));
        const [code, found] = errorOf(answer);
        assert.deepEqual([answer.status, code], [400, unreadable]);
        assert.match(found, message);
      });
    }

    test('random bytes are accepted or refused, and never cause an internal error', () =>
      fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
          const answer = await answerTo(request(Buffer.from(bytes)));
          if (answer.status === 200) return;
          assert.equal(answer.status, 400);
          assert.equal(errorOf(answer)[0], unreadable);
        }),
        { numRuns: 200 },
      ));

    test('names of inherited object members are not accepted as members and do no harm', async () => {
      const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":1},"Text":"t"}';
      const bodies: Partial<Record<Wire, string | Buffer>> = {
        query:
          '__proto__.polluted=1&constructor.prototype=1&Labels.entry.1.key=__proto__&Labels.entry.1.value=v',
        'rest-xml': '<Echo><__proto__><polluted>1</polluted></__proto__><constructor/></Echo>',
        'rpc-v2-cbor': Buffer.from(encode(JSON.parse(text))),
      };
      const { status } = await answerTo(request(bodies[wire as Wire] ?? text));
      // The parser of XML refuses such names.
      assert.equal(status, wire === 'rest-xml' ? 400 : 200);
      assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    });
  });
}
