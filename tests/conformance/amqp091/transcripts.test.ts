import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TlsListener } from '../../support/tls-listener.ts';
import { administerWith } from '../../support/transcripts/administer.ts';
import { Player } from '../../support/transcripts/player.ts';
import { parseTranscripts } from '../../support/transcripts/transcript.ts';

// Transcripts of AMQP 0-9-1: RabbitMQ 3.10 gave these answers to the same bytes, except for lines
// marked `W`.
const folder = join(import.meta.dirname, '../../../../tests/conformance/amqp091/transcripts');

let listener: TlsListener;
let player: Player;

before(async () => {
  listener = await TlsListener.start();
  const { broker } = listener;
  player = new Player(listener, 0, administerWith(broker));
});

after(async () => {
  await listener.close();
});

for (const file of readdirSync(folder).sort()) {
  for (const each of parseTranscripts(readFileSync(join(folder, file), 'utf8'))) {
    test(`${each.title}: the answers match ${file}`, async () => {
      const answers = await player.play(each, 'waxwing');
      const found = each.steps.map(({ text }, at) => [text, ...(answers[at] ?? [])]);
      const expected = each.steps.map((step) => [step.text, ...step.expected.waxwing]);
      assert.deepEqual(found, expected);
    });
  }
}
