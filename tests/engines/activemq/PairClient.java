import java.util.HashSet;
import java.util.Set;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.command.ActiveMQQueue;

/** A client of a pair: sends confirmed messages, takes them, or deletes a queue. */
public final class PairClient {
  private PairClient() {}

  public static void main(String[] args) throws Exception {
    ActiveMQConnectionFactory factory =
        new ActiveMQConnectionFactory(
            System.getenv("BROKER_USER"),
            System.getenv("BROKER_PASSWORD"),
            System.getenv("BROKER_URL"));
    int status = 0;
    try {
      Connection connection = factory.createConnection();
      connection.start();
      Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
      if (args[0].equals("send")) send(session, args[1], args[2], Integer.parseInt(args[3]));
      else if (args[0].equals("delete"))
        ((ActiveMQConnection) connection).destroyDestination(new ActiveMQQueue(args[1]));
      else take(session, args[1], Integer.parseInt(args[2]));
      connection.close();
    } catch (JMSException error) {
      say("error " + error.getMessage());
    }
    System.exit(status);
  }

  /** A send of a persistent message returns when the broker has stored it. */
  private static void send(Session session, String queue, String body, int count) throws Exception {
    MessageProducer producer = session.createProducer(session.createQueue(queue));
    producer.setDeliveryMode(DeliveryMode.PERSISTENT);
    for (int i = 0; i < count; i++) {
      producer.send(session.createTextMessage(body + " " + i));
      say("confirmed " + i);
    }
  }

  /**
   * Takes the expected number of different messages, and what comes after them; prints how many
   * different ones there were, and the number of repeated ones.
   */
  private static void take(Session session, String queue, int expected) throws Exception {
    MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
    Set<String> bodies = new HashSet<>();
    int count = 0;
    for (Message message = consumer.receive(20_000);
        message != null;
        message = consumer.receive(bodies.size() < expected ? 20_000 : 500)) {
      bodies.add(((TextMessage) message).getText());
      count += 1;
    }
    say("taken " + bodies.size() + " repeated " + (count - bodies.size()));
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
