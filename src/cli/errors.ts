import { WaxwingError } from '../base/errors.ts';

/** Expected failures of the command line, by code. */
export type CliErrorCode =
  /** There is no program `aws` on the PATH. */
  'aws-cli-missing';

/** An expected failure of the command line. */
export class CliError extends WaxwingError<CliErrorCode> {}
