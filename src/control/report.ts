/** `warn` where the service recovers by itself, `error` where somebody must act. */
export type ReportLevel = 'warn' | 'error';

/** Logs an event of a broker. */
export type Report = (level: ReportLevel, brokerId: string, text: string, error?: unknown) => void;
