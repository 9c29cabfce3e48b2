// The drill `second-service`.

import type { Drill } from '../drill.ts';
import { brokerWithMessages } from '../service/prepared.ts';

/** A second service is started on a data folder in use. */
export const secondService: Drill = {
  name: 'second-service',
  promise: 'Only one service runs on a data folder.',
  limits: 'Both services are on this machine; network file systems are another matter.',
  run: async (lab) => {
    const service = await lab.service();
    const { url, queue, bodies } = await brokerWithMessages(lab, service);
    await lab.step('wait', 'left the first service running', async () => {});
    await lab.sawNoStart(
      'a second service does not start on the folder',
      service.place,
      /is in use by/,
    );
    lab.sawRefusal('`waxwing check` does not open it', await service.place.check(), /in use by/);
    const client = await service.connect(url);
    const taken = await client.take(queue);
    await client.close();
    const isComplete = taken.join() === bodies.join();
    lab.saw('the broker still has all messages', isComplete, `${taken.length} messages, in order`);
  },
};
