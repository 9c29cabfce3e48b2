// The type of reports about brokers.

/** `warn` if the service recovers by itself, `error` if somebody must act. */
export type ReportLevel = 'warn' | 'error';

/** Logs an event of a broker. */
export type Report = (level: ReportLevel, brokerId: string, text: string, error?: unknown) => void;
