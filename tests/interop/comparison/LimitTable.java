import java.util.Map;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.ResourceAllocationException;
import javax.jms.Session;

/** Scenarios about full memory and storage, with {@code sendFailIfNoSpace}. */
final class LimitTable {
  private LimitTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("limit-memory", LimitTable::memory);
    table.put("limit-temporary", c -> fill(c, "filled.transient", DeliveryMode.NON_PERSISTENT));
    table.put("limit-store", c -> fill(c, "filled", DeliveryMode.PERSISTENT));
  }

  /** A text without numbers: they depend on what a broker counts. */
  private static String withoutNumbers(Compare c, Throwable error) {
    return c.describe.error(error).replaceAll("\\d+", "N");
  }

  private static void memory(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageProducer producer = session.createProducer(session.createQueue("limited"));
    int sent = 0;
    try {
      for (; sent < 50; sent++) producer.send(session.createTextMessage("x".repeat(1000)));
    } catch (JMSException error) {
      c.say(withoutNumbers(c, error));
    }
    c.say("all " + (sent == 50));
    MessageConsumer consumer = session.createConsumer(session.createQueue("limited"));
    int count = 0;
    for (Message m = consumer.receive(Compare.WAIT); m != null; m = consumer.receive(1000)) count++;
    c.say("all sent were received " + (count == sent));
    c.attempt("send when there is room", () -> {
      producer.send(session.createTextMessage("again"));
      return null;
    });
    c.say(c.drain(consumer));
    connection.close();
  }

  /** Sends at most 60 MiB, until the broker refuses it. */
  private static void fill(Compare c, String queue, int mode) throws JMSException {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageProducer producer = session.createProducer(session.createQueue(queue));
    producer.setDeliveryMode(mode);
    BytesMessage message = session.createBytesMessage();
    message.writeBytes(new byte[65_536]);
    boolean isFull = false;
    for (int sent = 0; sent < 1000 && !isFull; sent++) {
      try {
        // Each message is answered, so that the refusal is the answer to it.
        ((org.apache.activemq.ActiveMQConnection) connection).setAlwaysSyncSend(true);
        producer.send(message);
      } catch (ResourceAllocationException error) {
        c.say(withoutNumbers(c, error));
        isFull = true;
      }
    }
    c.say("full " + isFull);
    MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
    c.say("received " + (consumer.receive(Compare.WAIT) != null));
    connection.close();
  }
}
