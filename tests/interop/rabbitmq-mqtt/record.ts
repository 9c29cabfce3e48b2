// Records what MQTT clients see of a real RabbitMQ: `node dist/tests/interop/rabbitmq-mqtt/record.js`.

import { writeFileSync } from 'node:fs';
import { realAnswers, recordedFile } from './real.ts';

writeFileSync(recordedFile, `${JSON.stringify(await realAnswers(), undefined, 1)}\n`);
