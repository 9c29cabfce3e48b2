import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Commands } from './commands.ts';

test('commands are waited for until that is given up', async () => {
  const commands = new Commands();
  assert.equal(await commands.wait(Promise.resolve('done')), 'done');
  await assert.rejects(commands.wait(Promise.reject(new Error('failed'))), { message: 'failed' });
  let end = (_: string) => {};
  const waiting = commands.wait(
    new Promise<string>((resolve) => {
      end = resolve;
    }),
  );
  commands.giveUp(new Error('given up'));
  await assert.rejects(waiting, { message: 'given up' });
  end('too late');
  assert.equal(await commands.wait(Promise.resolve('again')), 'again');
});
