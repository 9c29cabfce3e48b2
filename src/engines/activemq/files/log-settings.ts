// The files that say how ActiveMQ writes its log.

/** Would log the same error every few seconds, if it could not read the statistics. */
const statistics = 'org.springframework.scheduling.support.MethodInvokingRunnable';

/**
 * The file for Log4j 1: entries `TOKEN|LEVEL|text` go to the standard output. Texts of clients can be in an
 * entry, such as user names with line ends; a line after one of these does not begin with the token.
 *
 * @param token hexadecimal, known to nobody else
 */
export function log4jFile(token: string): string {
  return `log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=${token}|%p|%m%n
log4j.logger.org.springframework=WARN
log4j.logger.org.apache.xbean=WARN
log4j.logger.${statistics}=OFF
`;
}

/** The same for versions with Log4j 2. */
export function log4j2File(token: string): string {
  return `appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=${token}|%p|%m%n
rootLogger.level=INFO
rootLogger.appenderRef.out.ref=out
logger.spring.name=org.springframework
logger.spring.level=WARN
logger.statistics.name=${statistics}
logger.statistics.level=OFF
`;
}
