// The words of log lines that may be in a support bundle: those of this program's own texts.

const words = `
a accepting access access_refused accessed account activemq add address after again alarm all amqp
and another answer answered answers apache append are as at authenticated away back bad basic.ack
basic.cancel basic.consume basic.get basic.nack basic.publish basic.qos basic.reject be because been
before blocked broker broker's but by bytes cannot caused certificate changed channel channel.close
channel.open channel_error class client clients closed closing code command_invalid completed
completes computes configuration confirm.select connect connected connection connection_forced
connections connector consumer content_too_large could crash crashed data date debugger deleted
denied did directory disabled disconnected disk does down dropped due duration enabled end ended
engine enginetype error errors exception exchange exchange.bind exchange.declare exchange.delete
exchange.unbind exists expired failed failure file files for found frame frame_error free from
further general get gone grant granted had handshake has have high host id in inactive info internal
internal_error invalid invalid_path is it its key killed kms last late left level limit limits lines
listener listening load locked log log-in log-ins logger login loginfailed longer lost low main
malformed maximum memory message messages method minute minutes missing monotonicms more ms name
network no no_consumers no_route node not not_allowed not_found not_implemented nothing nowms
occurred of off on one open opened operation or org.apache.activemq.broker.brokerservice
org.apache.activemq.broker.region.regionbroker org.apache.activemq.broker.transportconnection
org.apache.activemq.broker.transportconnection.service org.apache.activemq.broker.transportconnector
org.apache.activemq.jaas.ldaploginmodule other out over password pause peer permission permitted
port precondition precondition_failed process protocol publishers queue queue.bind queue.declare
queue.delete queue.purge queue.unbind queues read reading reason reasons recovered refused released
removing request resource resource_error resource_locked restart restarted restarting running s
scheduler seconds security service session shutdownhook shutting signal similar size some something
space start started starting state still stop stopped stopping synced syncing syntax_error task tcp
than that the there this thread time timed times tls to token too topic trace transaction transport
tx.commit tx.rollback tx.select unable unavailable unexpected unexpected_frame unknown unknown-user
until up use used user users using version vhost volume wait waiting waits warn warning warnings was
ways were which will with without write writes wrong wrong-password wrote
`;

/** The words, in lower case. */
export const logWords: ReadonlySet<string> = new Set(words.trim().split(/\s+/));
