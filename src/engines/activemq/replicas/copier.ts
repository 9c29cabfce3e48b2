// The process that copies stores. It works as the owner of the volumes, and ends with the service.

import type { CopierAnswer, CopierRequest, CopierStart } from './copier-messages.ts';
import { StoreCopy } from './store-copy.ts';

let copy: StoreCopy | undefined;

/** Gives up the rights of the superuser before it touches a volume. */
function start({ source, target, user }: CopierStart): void {
  if (user !== null) {
    process.setgroups?.([]);
    process.setgid?.(user.gid);
    process.setuid?.(user.uid);
  }
  process.chdir(target.mountpoint);
  copy = new StoreCopy(source, target);
}

async function answerTo(message: CopierStart | CopierRequest): Promise<CopierAnswer> {
  try {
    if (!('type' in message)) {
      start(message);
      return { bytes: 0, isWhole: true };
    }
    if (copy === undefined) throw new Error('the process was not started');
    return await copy.act(message);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', async (message: CopierStart | CopierRequest) => {
  process.send?.(await answerTo(message));
});
