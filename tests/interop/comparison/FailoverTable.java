import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.List;
import javax.jms.Connection;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TemporaryQueue;
import javax.jms.Topic;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.command.ActiveMQTextMessage;
import org.apache.activemq.command.ProducerId;
import org.apache.activemq.command.ProducerInfo;
import org.apache.activemq.command.SessionId;
import org.apache.activemq.command.SessionInfo;
import org.apache.activemq.command.ActiveMQDestination;
import org.apache.activemq.command.MessageId;
import org.apache.activemq.transport.DefaultTransportListener;

/** Scenarios about clients whose connection is lost and that connect again. */
final class FailoverTable {
  private FailoverTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("failover-send", FailoverTable::send);
    table.put("failover-transaction", FailoverTable::transaction);
    table.put("failover-commit", FailoverTable::commit);
    table.put("failover-consumers", FailoverTable::consumers);
    table.put("failover-other-address", FailoverTable::otherAddress);
    table.put("failover-wrong-password", FailoverTable::wrongPassword);
    table.put("failover-same-message", FailoverTable::sameMessage);
  }

  private static ActiveMQConnection connect(String addresses, String clientId) throws JMSException {
    String options = "?initialReconnectDelay=50&useExponentialBackOff=false&randomize=false";
    ActiveMQConnectionFactory factory = Compare.factory();
    factory.setBrokerURL("failover:(" + addresses + ")" + options);
    factory.getRedeliveryPolicy().setInitialRedeliveryDelay(0);
    Connection connection = factory.createConnection();
    if (clientId != null) connection.setClientID(clientId);
    connection.start();
    return (ActiveMQConnection) connection;
  }

  /** Lets a command reach the broker, but not its answer, and cuts the connection. */
  private static void loseAnswer(Link link, Compare.Attempt command, Compare c) throws Exception {
    link.swallowAnswers();
    CompletableFuture<Void> done = CompletableFuture.runAsync(() -> c.attempt("command", command));
    Thread.sleep(1000);
    link.cut();
    done.get();
  }

  private static void send(Compare c) throws Exception {
    try (Link link = new Link()) {
      ActiveMQConnection connection = connect(link.address(), null);
      Session session = Compare.session(connection);
      Queue queue = session.createQueue("failover.send");
      MessageProducer producer = session.createProducer(queue);
      producer.send(session.createTextMessage("one"));
      loseAnswer(link, () -> {
        producer.send(session.createTextMessage("two"));
        return null;
      }, c);
      producer.send(session.createTextMessage("three"));
      c.say(c.drain(session.createConsumer(queue)));
      connection.close();
    }
  }

  private static void transaction(Compare c) throws Exception {
    try (Link link = new Link()) {
      ActiveMQConnection connection = connect(link.address(), null);
      Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
      Queue queue = session.createQueue("failover.transaction");
      MessageProducer producer = session.createProducer(queue);
      producer.send(session.createTextMessage("one"));
      CountDownLatch resumed = new CountDownLatch(1);
      connection.addTransportListener(new DefaultTransportListener() {
        @Override
        public void transportResumed() {
          resumed.countDown();
        }
      });
      link.cut();
      resumed.await();
      producer.send(session.createTextMessage("two"));
      c.attempt("commit", () -> {
        session.commit();
        return null;
      });
      c.say(c.drain(Compare.session(connection).createConsumer(queue)));
      connection.close();
    }
  }

  private static void commit(Compare c) throws Exception {
    try (Link link = new Link()) {
      ActiveMQConnection connection = connect(link.address(), null);
      Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
      Queue queue = session.createQueue("failover.commit");
      Compare.send(session, queue, "one", "two");
      loseAnswer(link, () -> {
        session.commit();
        return null;
      }, c);
      c.say(c.drain(Compare.session(connection).createConsumer(queue)));
      connection.close();
    }
  }

  private static void consumers(Compare c) throws Exception {
    try (Link link = new Link()) {
      ActiveMQConnection connection = connect(link.address(), "failover");
      Session session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
      Session plain = Compare.session(connection);
      Queue queue = session.createQueue("failover.consumers");
      Topic topic = session.createTopic("failover.consumers");
      Compare.send(session, queue, "a", "b", "c");
      MessageConsumer onQueue = session.createConsumer(queue);
      MessageConsumer onTopic = plain.createConsumer(topic);
      MessageConsumer durable = plain.createDurableSubscriber(topic, "d");
      TemporaryQueue temporary = plain.createTemporaryQueue();
      MessageConsumer onTemporary = plain.createConsumer(temporary);
      Message first = onQueue.receive(Compare.WAIT);
      c.say("first: " + c.describe.body(first));
      link.cut();
      Compare.send(plain, topic, "topic");
      Compare.send(plain, temporary, "temporary");
      c.say("topic: " + c.drain(onTopic));
      c.say("durable: " + c.drain(durable));
      c.say("temporary: " + c.drain(onTemporary));
      c.attempt("acknowledge", () -> {
        first.acknowledge();
        return null;
      });
      c.say("queue: " + c.drain(onQueue));
      session.close();
      Session after = Compare.session(connection);
      c.say("left: " + c.drain(after.createConsumer(queue)));
      durable.close();
      plain.unsubscribe("d");
      connection.close();
    }
  }

  private static void otherAddress(Compare c) throws Exception {
    List<String> events = new CopyOnWriteArrayList<>();
    try (Link link = new Link(); Link other = new Link()) {
      String addresses = "ssl://localhost:1," + link.address() + "," + other.address();
      ActiveMQConnection connection = connect(addresses, null);
      connection.addTransportListener(new DefaultTransportListener() {
        @Override
        public void transportInterupted() {
          events.add("interrupted");
        }

        @Override
        public void transportResumed() {
          events.add("resumed");
        }
      });
      Session session = Compare.session(connection);
      Queue queue = session.createQueue("failover.other");
      Compare.send(session, queue, "one");
      link.close();
      Compare.send(session, queue, "two");
      c.say(events.subList(0, 2) + " " + c.drain(session.createConsumer(queue)));
      connection.close();
    }
  }

  private static void wrongPassword(Compare c) throws Exception {
    ActiveMQConnectionFactory factory = Compare.factory();
    factory.setBrokerURL("failover:(" + Compare.URL + ")?startupMaxReconnectAttempts=2");
    c.attempt("wrong password", () -> {
      factory.createConnection(Compare.USER, "wrong").start();
      return null;
    });
  }

  /** The broker drops a persistent message whose id it knows. */
  private static void sameMessage(Compare c) throws Exception {
    ActiveMQConnection connection = Compare.connect();
    SessionInfo session = new SessionInfo(
        new SessionId(connection.getConnectionInfo().getConnectionId(), 50));
    connection.syncSendPacket(session);
    ProducerInfo producer = new ProducerInfo(new ProducerId(session.getSessionId(), 1));
    ActiveMQDestination queue = ActiveMQDestination.createDestination("failover.same", (byte) 1);
    producer.setDestination(queue);
    connection.syncSendPacket(producer);
    for (int sequence : new int[] {1, 2, 2, 1, 3}) {
      ActiveMQTextMessage message = new ActiveMQTextMessage();
      message.setText("m" + sequence);
      message.setMessageId(new MessageId(producer.getProducerId(), sequence));
      message.setProducerId(producer.getProducerId());
      message.setDestination(queue);
      message.setPersistent(true);
      message.onSend();
      c.attempt("send " + sequence, () -> {
        connection.syncSendPacket(message);
        return null;
      });
    }
    c.say(c.drain(Compare.session(connection).createConsumer(queue)));
    connection.close();
  }
}
