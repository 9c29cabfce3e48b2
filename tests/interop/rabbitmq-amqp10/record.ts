// Plays the scenarios to both brokers and writes down their answers, with the reasons that are
// already known:
//   node dist/tests/interop/rabbitmq-amqp10/record.js

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { RecordedAnswers } from '../comparison/answers.ts';
import { answersFile, playToRabbitMq, playToWaxwing } from './players.ts';

const theirs = await playToRabbitMq();
if (typeof theirs === 'string') throw new Error(theirs);
const ours = await playToWaxwing();
const before = existsSync(answersFile) ? readFileSync(answersFile, 'utf8') : '';
writeFileSync(answersFile, RecordedAnswers.parse(before).merged(theirs, ours));
