// The entry point of the process of a broker.

import { loadProgram } from './load-program.ts';

loadProgram();
