import java.util.Map;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.Topic;
import org.apache.activemq.ActiveMQConnectionFactory;

/** Scenarios about policies of destinations, which are those of {@code players.ts}. */
final class PolicyTable {
  private PolicyTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("policy-retroactive", PolicyTable::retroactive);
    table.put("policy-dead-individual", PolicyTable::individual);
    table.put("policy-dead-durable", PolicyTable::durable);
  }

  private static void retroactive(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    for (String name : new String[] {"policy.last", "policy.count", "policy.none"}) {
      Topic topic = session.createTopic(name);
      MessageProducer producer = session.createProducer(topic);
      for (int n = 1; n <= 5; n++) {
        TextMessage message = session.createTextMessage(String.valueOf(n));
        message.setIntProperty("n", n);
        producer.send(message);
      }
      Topic from = session.createTopic(name + "?consumer.retroactive=true");
      MessageConsumer all = session.createConsumer(from);
      MessageConsumer some = session.createConsumer(from, "n <> 4");
      MessageConsumer usual = session.createConsumer(topic);
      TextMessage later = session.createTextMessage("later");
      later.setIntProperty("n", 6);
      producer.send(later);
      c.say(name + ": " + c.drain(all));
      c.say(name + ", selected: " + c.drain(some));
      c.say(name + ", not retroactive: " + c.drain(usual));
    }
    connection.close();
  }

  /** A factory whose consumers reject a message that is rolled back once. */
  private static ActiveMQConnectionFactory rejecting() {
    ActiveMQConnectionFactory factory = Compare.factory();
    factory.getRedeliveryPolicy().setMaximumRedeliveries(0);
    return factory;
  }

  private static void reject(Compare c, Session session, MessageConsumer consumer)
      throws JMSException {
    Message message = consumer.receive(Compare.WAIT);
    c.say("rejected: " + c.describe.body(message));
    session.rollback();
    // The rejection is sent when the consumer looks for the next message.
    consumer.receive(Compare.SHORT);
  }

  private static void individual(Compare c) throws Exception {
    Connection connection = rejecting().createConnection();
    connection.start();
    Session session = Compare.session(connection);
    Session transacted = connection.createSession(true, Session.SESSION_TRANSACTED);
    MessageProducer producer = session.createProducer(session.createQueue("policy.dead"));
    MessageConsumer consumer = transacted.createConsumer(transacted.createQueue("policy.dead"));
    producer.send(session.createTextMessage("persistent"));
    reject(c, transacted, consumer);
    producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
    producer.send(session.createTextMessage("not persistent"));
    reject(c, transacted, consumer);
    producer.setTimeToLive(1);
    producer.send(session.createTextMessage("expired"));
    consumer.receive(Compare.SHORT);
    consumer.close();
    MessageConsumer dead = session.createConsumer(session.createQueue("DEAD.policy.dead.END"));
    c.say("dead: " + c.drain(dead));
    connection.close();
  }

  /** Two durable subscriptions reject the same message. */
  private static void durable(Compare c) throws Exception {
    Connection connection = rejecting().createConnection();
    connection.setClientID("policy");
    connection.start();
    Session session = Compare.session(connection);
    Session transacted = connection.createSession(true, Session.SESSION_TRANSACTED);
    Topic topic = session.createTopic("policy.durable");
    MessageConsumer one = transacted.createDurableSubscriber(topic, "one");
    MessageConsumer two = transacted.createDurableSubscriber(topic, "two");
    Compare.send(session, topic, "rejected twice");
    reject(c, transacted, one);
    reject(c, transacted, two);
    MessageConsumer dead = session.createConsumer(session.createQueue("policy.shared"));
    c.say("dead: " + c.drain(dead));
    one.close();
    two.close();
    session.unsubscribe("one");
    session.unsubscribe("two");
    connection.close();
  }
}
