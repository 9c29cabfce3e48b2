// Records the answers of a real RabbitMQ: `node dist/tests/management/record.js`.

import { writeFileSync } from 'node:fs';
import { RealRabbitMq } from './real-rabbitmq.ts';
import { recordedFile } from './recorded.ts';
import { runScenario } from './scenario.ts';

const rabbitMq = await RealRabbitMq.start();
try {
  const answers = await runScenario(rabbitMq, true);
  writeFileSync(recordedFile, `${JSON.stringify(answers, undefined, 1)}\n`);
} finally {
  await rabbitMq.stop();
}
