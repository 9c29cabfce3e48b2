/** `warn` where the service goes on by itself, `error` where somebody must act. */
export type ReportLevel = 'warn' | 'error';

/** Logs what happened to a broker. */
export type Report = (level: ReportLevel, brokerId: string, text: string, error?: unknown) => void;
