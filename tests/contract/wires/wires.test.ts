import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Shape } from '../../../src/aws/shapes/shape.ts';
import { EchoServer, wires } from './echo-server.ts';
import { echo, named, restInput } from './echo-service.ts';
import { SdkClient } from './sdk-client.ts';
import { anyValue, formValue, valuesOf, xmlValue } from './values.ts';

// Tests that every wire passes, over HTTPS with the official clients' code for it.

/** Values for each shape. */
const runs = { numRuns: Number(process.env['WAXWING_WIRE_RUNS'] ?? 12) };

for (const { name: wire } of wires) {
  describe(wire, () => {
    let server: EchoServer;
    let client: SdkClient;
    before(async () => {
      server = await EchoServer.open(wire);
      client = new SdkClient(server.service, server.port, server.ca);
    });
    after(async () => {
      client.close();
      await server.close();
      const bugs = server.unexpectedErrors.filter((error) => !(error instanceof AwsError));
      assert.deepEqual(bugs, []);
    });

    const isRest = wire === 'rest-json' || wire === 'rest-xml';
    const rules = { query: formValue, 'rest-xml': xmlValue }[wire as string] ?? anyValue;

    const returns = (operation: string, shape: Shape<unknown>) =>
      fc.assert(
        fc.asyncProperty(valuesOf(shape, rules), async (value) => {
          assert.deepEqual(await client.call(operation, value as object), value);
        }),
        runs,
      );

    test('values of every type survive a round trip', () => returns('Echo', echo));

    test('structures with their own XML names survive a round trip', () => returns('Named', named));

    test('an operation without output members is answered', async () => {
      assert.deepEqual(await client.call('Nothing', {}), {});
    });

    test('an operation error has its code, message and status', async () => {
      for (const [Message, Status] of [
        ['no <thing> & "é漢"', 404],
        ['later', 503],
      ] as const) {
        await assert.rejects(client.call('Fail', { Message, Status }), (error: Error) => {
          const { name, message, $metadata } = error as Error & {
            $metadata: { httpStatusCode: number };
          };
          assert.deepEqual(
            [name, message, $metadata.httpStatusCode],
            ['ThingNotFoundException', Message, Status],
          );
          return true;
        });
      }
    });

    test('a value beyond a limit is refused, and the error names the member', async () => {
      const Message = 'x'.repeat(1001);
      await assert.rejects(client.call('Fail', { Message }), {
        message: /at 'message' failed to satisfy constraint: Member must have length less than or/,
      });
    });

    if (isRest) {
      test('members in path, query, headers and status survive a round trip', () =>
        fc.assert(
          fc.asyncProperty(valuesOf(restInput, rules), async (value) => {
            const { QueryList, ...others } = value as Record<string, unknown>;
            // A query has no way to write an empty list.
            const hasList = Array.isArray(QueryList) && QueryList.length > 0;
            const input: Record<string, unknown> = { ...others, ...(hasList && { QueryList }) };
            // A path has no empty parts, and what comes back in a header is written there.
            const given = { ...input, Name: 'a b/ü?', Rest: 'a/b c//d', Query: 'q&=+é' };
            const output = await client.call('Rest', given);
            const back = { Name: 'a b/%C3%BC?', Rest: 'a/b c//d', Query: 'q&=+%C3%A9' };
            // The client makes a map of no headers of its own.
            const Prefixed = input['Prefixed'] ?? {};
            assert.deepEqual(output, { ...given, ...back, Prefixed, Status: 202 });
          }),
          runs,
        ));

      test('a body can be raw bytes', async () => {
        const sent = { Type: 'image/png', Body: Buffer.from([0, 0xff, 0x0a, 0xc3]) };
        const { Type, Body } = await client.call('Bytes', sent);
        assert.deepEqual([Type, Body], [sent.Type, sent.Body]);
      });

      test('a body can be a single member', () => {
        const value = valuesOf(echo, rules).filter(
          (each) => Object.keys(each as object).length > 0,
        );
        return fc.assert(
          fc.asyncProperty(value, async (Body) => {
            assert.deepEqual(await client.call('Whole', { Body }), { Body });
          }),
          runs,
        );
      });
    }

    if (wire === 'rest-xml') {
      test('an element can have attributes', async () => {
        // The official clients do not escape line breaks in attributes, which XML then reads as spaces.
        for (const Type of ['', 'a b', '"&<>\'é漢\u{1f701}', 'CanonicalUser']) {
          const value = { Grantee: { Type, Id: 'x' } };
          assert.deepEqual(await client.call('Attributed', value), value);
        }
      });
    }
  });
}
