// Plays the scenarios to Waxwing and to RabbitMQ 4 of a Debian root.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadGenerator } from '../../../bench/load.ts';
import { rabbitMq } from '../../../bench/peers/rabbitmq.ts';
import { RootedPeer } from '../../../bench/peers/rooted-peer.ts';
import { Serving } from '../../support/serving.ts';
import type { Answers } from '../comparison/answers.ts';
import { Clients, type Place } from './clients.ts';
import { scenarios } from './scenarios.ts';

const folder = join(import.meta.dirname, '../../../../tests/interop/rabbitmq-amqp10');

/** The recorded answers. */
export const answersFile: string = join(folder, 'rabbitmq-4.0.txt');

/** How long RabbitMQ may take to start. */
const startMs = 90_000;

async function play(place: Place): Promise<Answers> {
  const answers = new Map<string, readonly string[]>();
  for (const [name, scenario] of Object.entries(scenarios)) {
    const clients = new Clients(place);
    try {
      answers.set(name, await scenario(clients));
    } finally {
      await clients.close();
    }
  }
  return answers;
}

/** Plays the scenarios to the default broker of `waxwing serve`. */
export async function playToWaxwing(): Promise<Answers> {
  const serving = await Serving.start();
  try {
    const { port, username, password } = new URL(serving.url);
    return await play({
      port: Number(port),
      authority: readFileSync(serving.caFile, 'utf8'),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
    });
  } finally {
    await serving.stop();
  }
}

/** Plays the scenarios to RabbitMQ. Returns in one sentence why that is not possible. */
export async function playToRabbitMq(): Promise<Answers | string> {
  if (process.getuid?.() !== 0) return 'a Debian root needs the root user';
  const cacheFolder = join(homedir(), '.cache', 'waxwing-bench');
  const runFolder = mkdtempSync(join(cacheFolder, 'compare-'));
  const program = await rabbitMq('rabbitmq4', cacheFolder, 'trixie');
  const settings = { cacheFolder, runFolder, node: process.execPath };
  // Only the load generator waits for the start; connections are tried here instead.
  const peer = await RootedPeer.create('rabbitmq4', program, settings, {} as LoadGenerator);
  peer.launch();
  try {
    const { port, user, password, tls } = peer.endpoint('tls');
    const authority = readFileSync(tls?.caFile ?? '', 'utf8');
    const place = { port, authority, user, password };
    await connects(place);
    return await play(place);
  } finally {
    await peer.stop();
    rmSync(runFolder, { recursive: true, force: true });
  }
}

async function connects(place: Place): Promise<void> {
  const until = Date.now() + startMs;
  for (;;) {
    const clients = new Clients(place);
    try {
      await clients.open();
      await clients.close();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await pause(500);
  }
}
