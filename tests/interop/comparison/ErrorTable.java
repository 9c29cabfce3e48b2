import java.util.Map;
import javax.jms.Connection;
import javax.jms.Destination;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.ActiveMQQueue;
import org.apache.activemq.command.ConnectionId;
import org.apache.activemq.command.ConnectionInfo;
import org.apache.activemq.command.ConsumerId;
import org.apache.activemq.command.ConsumerInfo;
import org.apache.activemq.command.DestinationInfo;
import org.apache.activemq.command.LocalTransactionId;
import org.apache.activemq.command.MessageAck;
import org.apache.activemq.command.ProducerId;
import org.apache.activemq.command.ProducerInfo;
import org.apache.activemq.command.RemoveSubscriptionInfo;
import org.apache.activemq.command.SessionId;
import org.apache.activemq.command.SessionInfo;
import org.apache.activemq.command.TransactionInfo;

/** Scenarios about errors: their classes and texts. */
final class ErrorTable {
  private ErrorTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("error-connections", ErrorTable::connections);
    table.put("error-commands", ErrorTable::commands);
    table.put("error-transactions", ErrorTable::transactions);
    table.put("error-acknowledgements", ErrorTable::acknowledgements);
  }

  private static void connections(Compare c) throws Exception {
    c.attempt("wrong password", () -> {
      Compare.factory().createConnection(Compare.USER, "wrong").start();
      return null;
    });
    c.attempt("unknown user", () -> {
      Compare.factory().createConnection("nobody", "wrong").start();
      return null;
    });
    c.attempt("no user", () -> {
      Compare.factory().createConnection(null, null).start();
      return null;
    });
    ActiveMQConnection first = Compare.connect("same");
    c.attempt("client id in use", () -> Compare.connect("same"));
    first.close();
    c.attempt("client id free again", () -> {
      Compare.connect("same").close();
      return null;
    });
    c.attempt("client id set late", () -> {
      Connection late = Compare.connect();
      late.createSession(false, Session.AUTO_ACKNOWLEDGE);
      late.setClientID("late");
      return null;
    });
  }

  private static void commands(Compare c) throws Exception {
    ActiveMQConnection connection = Compare.connect();
    ConnectionId id = connection.getConnectionInfo().getConnectionId();
    SessionId unknown = new SessionId(id, 777);
    Destination queue = new ActiveMQQueue("commands");
    c.attempt("consumer of an unknown session", () -> {
      ConsumerInfo info = new ConsumerInfo(new ConsumerId(unknown, 1));
      info.setDestination((ActiveMQDestination) queue);
      connection.syncSendPacket(info);
      return null;
    });
    c.attempt("producer of an unknown session", () -> {
      ProducerInfo info = new ProducerInfo(new ProducerId(unknown, 1));
      info.setDestination((ActiveMQDestination) queue);
      connection.syncSendPacket(info);
      return null;
    });
    c.attempt("removal of an unknown session", () -> {
      connection.syncSendPacket(new SessionInfo(unknown).createRemoveCommand());
      return null;
    });
    SessionInfo session = new SessionInfo(new SessionId(id, 50));
    connection.syncSendPacket(session);
    c.attempt("removal of an unknown consumer", () -> {
      ConsumerInfo info = new ConsumerInfo(new ConsumerId(session.getSessionId(), 9));
      connection.syncSendPacket(info.createRemoveCommand());
      return null;
    });
    c.attempt("removal of an unknown producer", () -> {
      ProducerInfo info = new ProducerInfo(new ProducerId(session.getSessionId(), 9));
      connection.syncSendPacket(info.createRemoveCommand());
      return null;
    });
    c.attempt("consumer without a destination", () -> {
      connection.syncSendPacket(new ConsumerInfo(new ConsumerId(session.getSessionId(), 3)));
      return null;
    });
    c.attempt("consumer twice", () -> {
      ConsumerInfo info = new ConsumerInfo(new ConsumerId(session.getSessionId(), 4));
      info.setDestination((ActiveMQDestination) queue);
      connection.syncSendPacket(info);
      connection.syncSendPacket(info);
      return null;
    });
    c.attempt("temporary queue of another connection", () -> {
      DestinationInfo info = new DestinationInfo(
          id, DestinationInfo.ADD_OPERATION_TYPE,
          ActiveMQDestination.createDestination("temp-queue://ID:other-1-1:1:1", (byte) 1));
      connection.syncSendPacket(info);
      return null;
    });
    c.attempt("removal of an unknown subscription", () -> {
      RemoveSubscriptionInfo info = new RemoveSubscriptionInfo();
      info.setClientId("nobody");
      info.setSubscriptionName("nothing");
      info.setConnectionId(id);
      connection.syncSendPacket(info);
      return null;
    });
    c.attempt("connection without a client id", () -> {
      ConnectionInfo info = new ConnectionInfo(new ConnectionId("ID:none-1-1:1"));
      info.setUserName(Compare.USER);
      info.setPassword(Compare.PASSWORD);
      connection.syncSendPacket(info);
      return null;
    });
    connection.close();
  }

  private static void transactions(Compare c) throws Exception {
    ActiveMQConnection connection = Compare.connect();
    ConnectionId id = connection.getConnectionInfo().getConnectionId();
    LocalTransactionId unknown = new LocalTransactionId(id, 99);
    byte[] types = {
      TransactionInfo.COMMIT_ONE_PHASE, TransactionInfo.ROLLBACK, TransactionInfo.PREPARE,
      TransactionInfo.COMMIT_TWO_PHASE, TransactionInfo.FORGET, TransactionInfo.END, 42,
    };
    for (byte type : types) {
      c.attempt("type " + type, () -> {
        connection.syncSendPacket(new TransactionInfo(id, unknown, type));
        return null;
      });
    }
    c.attempt("begin twice", () -> {
      LocalTransactionId twice = new LocalTransactionId(id, 100);
      connection.syncSendPacket(new TransactionInfo(id, twice, TransactionInfo.BEGIN));
      connection.syncSendPacket(new TransactionInfo(id, twice, TransactionInfo.BEGIN));
      return null;
    });
    connection.close();
  }

  private static void acknowledgements(Compare c) throws Exception {
    ActiveMQConnection connection = Compare.connect();
    Session session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
    Destination queue = session.createQueue("acknowledged-wrongly");
    Compare.send(session, queue, "a", "b");
    MessageConsumer consumer = session.createConsumer(queue);
    org.apache.activemq.command.ActiveMQMessage first =
        (org.apache.activemq.command.ActiveMQMessage) consumer.receive(Compare.WAIT);
    ConsumerId consumerId = ((org.apache.activemq.ActiveMQMessageConsumer) consumer).getConsumerId();
    MessageAck ack = new MessageAck();
    ack.setConsumerId(consumerId);
    ack.setDestination((ActiveMQDestination) queue);
    ack.setAckType(MessageAck.STANDARD_ACK_TYPE);
    ack.setFirstMessageId(first.getMessageId());
    ack.setLastMessageId(first.getMessageId());
    ack.setMessageCount(5);
    c.attempt("wrong count", () -> connection.syncSendPacket(ack) == null);
    ack.setLastMessageId(new org.apache.activemq.command.MessageId("ID:unknown-1-1:1:1:1:1"));
    ack.setMessageCount(1);
    c.attempt("unknown message", () -> connection.syncSendPacket(ack) == null);
    ack.setConsumerId(new ConsumerId(new SessionId(
        connection.getConnectionInfo().getConnectionId(), 1), 999));
    c.attempt("unknown consumer", () -> connection.syncSendPacket(ack) == null);
    connection.close();
  }
}
