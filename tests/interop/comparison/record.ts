// Plays the scenarios to both brokers and writes down their answers, with the reasons that are
// already known:
//   node dist/tests/interop/comparison/record.js [PREFIX OF SCENARIOS]

import { readFileSync, writeFileSync } from 'node:fs';
import { RecordedAnswers } from './answers.ts';
import { answersFile, compileScenarios, playToActiveMq, playToWaxwing } from './players.ts';

const [, , only = ''] = process.argv;
const java = await compileScenarios();
if (typeof java === 'string') throw new Error(java);
const theirs = await playToActiveMq(java, only);
if (typeof theirs === 'string') throw new Error(theirs);
const ours = await playToWaxwing(java, only);
java.remove();
const recorded = RecordedAnswers.parse(readFileSync(answersFile, 'utf8'));
writeFileSync(answersFile, recorded.merged(theirs, ours));
