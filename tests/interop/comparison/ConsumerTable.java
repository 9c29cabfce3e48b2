import java.util.Enumeration;
import java.util.Map;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.QueueBrowser;
import javax.jms.Session;
import javax.jms.Topic;
import javax.jms.XASession;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.ActiveMQXAConnectionFactory;

/** Scenarios about consumers: acknowledgements, transactions, order, groups, subscriptions. */
final class ConsumerTable {
  private ConsumerTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("consumer-acknowledgements", ConsumerTable::acknowledgements);
    table.put("consumer-rollback", ConsumerTable::rollback);
    table.put("consumer-close", ConsumerTable::close);
    table.put("consumer-poison", ConsumerTable::poison);
    table.put("consumer-transactions", ConsumerTable::transactions);
    table.put("consumer-browse", ConsumerTable::browse);
    table.put("consumer-groups", ConsumerTable::groups);
    table.put("consumer-exclusive", ConsumerTable::exclusive);
    table.put("consumer-priority", ConsumerTable::priority);
    table.put("consumer-durable", ConsumerTable::durable);
    table.put("consumer-durable-changed", ConsumerTable::durableChanged);
    table.put("consumer-xa", ConsumerTable::xa);
  }

  private static void acknowledgements(Compare c) throws Exception {
    int[] modes = {
      Session.AUTO_ACKNOWLEDGE, Session.CLIENT_ACKNOWLEDGE, Session.DUPS_OK_ACKNOWLEDGE,
      ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE,
    };
    for (int mode : modes) {
      Connection connection = Compare.connect();
      Session session = connection.createSession(false, mode);
      Queue queue = session.createQueue("acknowledgements." + mode);
      Compare.send(session, queue, "a", "b", "c", "d");
      MessageConsumer consumer = session.createConsumer(queue);
      for (int i = 0; i < 3; i++) {
        Message message = consumer.receive(Compare.WAIT);
        if (i == 1) message.acknowledge();
      }
      if (mode == Session.CLIENT_ACKNOWLEDGE) {
        session.recover();
        Message again = consumer.receive(Compare.WAIT);
        c.say("recovered " + c.describe.body(again) + " " + again.getJMSRedelivered()
            + " " + again.getIntProperty("JMSXDeliveryCount"));
      }
      session.close();
      Session after = Compare.session(connection);
      c.say(mode + ": " + c.drain(after.createConsumer(queue)));
      connection.close();
    }
  }

  private static void rollback(Compare c) throws Exception {
    ActiveMQConnectionFactory factory = Compare.factory();
    factory.getRedeliveryPolicy().setInitialRedeliveryDelay(0);
    factory.getRedeliveryPolicy().setRedeliveryDelay(0);
    Connection connection = factory.createConnection();
    connection.start();
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    Queue queue = session.createQueue("rollback");
    Compare.send(session, queue, "a", "b");
    session.commit();
    MessageConsumer consumer = session.createConsumer(queue);
    for (int i = 0; i < 3; i++) {
      Message message = consumer.receive(Compare.WAIT);
      c.say(c.describe.body(message) + " " + message.getIntProperty("JMSXDeliveryCount") + " "
          + message.getJMSRedelivered());
      session.rollback();
    }
    consumer.close();
    consumer = session.createConsumer(queue);
    Message message = consumer.receive(Compare.WAIT);
    c.say("other consumer: " + c.describe.body(message) + " "
        + message.getIntProperty("JMSXDeliveryCount"));
    session.close();
    c.say(c.drain(Compare.session(connection).createConsumer(queue)));
    connection.close();
  }

  private static void close(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
    Queue queue = session.createQueue("close");
    Compare.send(session, queue, "a", "b", "c");
    MessageConsumer consumer = session.createConsumer(queue);
    consumer.receive(Compare.WAIT);
    consumer.close();
    consumer = session.createConsumer(queue);
    Message message = consumer.receive(Compare.WAIT);
    c.say("after close of the consumer: " + c.describe.body(message) + " "
        + message.getIntProperty("JMSXDeliveryCount"));
    connection.close();
    connection = Compare.connect();
    session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
    consumer = session.createConsumer(queue);
    message = consumer.receive(Compare.WAIT);
    c.say("after close of the connection: " + c.describe.body(message) + " "
        + message.getIntProperty("JMSXDeliveryCount"));
    message = consumer.receive(Compare.WAIT);
    c.say(c.describe.body(message) + " " + message.getIntProperty("JMSXDeliveryCount"));
    connection.close();
  }

  private static void poison(Compare c) throws Exception {
    ActiveMQConnectionFactory factory = Compare.factory();
    factory.getRedeliveryPolicy().setMaximumRedeliveries(1);
    factory.getRedeliveryPolicy().setInitialRedeliveryDelay(0);
    factory.getRedeliveryPolicy().setRedeliveryDelay(0);
    Connection connection = factory.createConnection();
    connection.start();
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    Queue queue = session.createQueue("poison");
    MessageProducer producer = session.createProducer(queue);
    Message first = session.createTextMessage("bad");
    first.setStringProperty("kept", "yes");
    producer.send(first, DeliveryMode.PERSISTENT, 7, 3_600_000);
    producer.send(session.createTextMessage("transient"), DeliveryMode.NON_PERSISTENT, 4, 0);
    session.commit();
    MessageConsumer consumer = session.createConsumer(queue);
    for (int i = 0; i < 4; i++) {
      c.say(c.describe.body(consumer.receive(Compare.WAIT)));
      session.rollback();
    }
    c.say(c.describe.body(consumer.receive(Compare.SHORT)));
    Session other = Compare.session(connection);
    c.deadLetters(other, 1);
    MessageConsumer dead = other.createConsumer(other.createQueue("ActiveMQ.DLQ"));
    c.say("another: " + c.describe.body(dead.receive(Compare.SHORT)));
    connection.close();
  }

  private static void transactions(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    Session plain = Compare.session(connection);
    Queue queue = session.createQueue("transactions");
    MessageConsumer outside = plain.createConsumer(queue);
    Compare.send(session, queue, "one", "two");
    c.say("before: " + c.describe.body(outside.receive(Compare.SHORT)));
    session.commit();
    c.say("after: " + c.drain(outside));
    Compare.send(session, queue, "three");
    session.close();
    c.say("closed session: " + c.describe.body(outside.receive(Compare.SHORT)));
    session = connection.createSession(true, Session.SESSION_TRANSACTED);
    Topic topic = session.createTopic("transactions");
    MessageConsumer onTopic = plain.createConsumer(topic);
    Compare.send(session, topic, "t");
    c.say("topic before: " + c.describe.body(onTopic.receive(Compare.SHORT)));
    session.commit();
    c.say("topic after: " + c.drain(onTopic));
    connection.close();
  }

  private static void browse(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("browse");
    Compare.send(session, queue, "a", "b", "c");
    for (String selector : new String[] {null, "JMSPriority = 4", "JMSPriority = 5"}) {
      QueueBrowser browser = session.createBrowser(queue, selector);
      StringBuilder all = new StringBuilder();
      for (Enumeration<?> e = browser.getEnumeration(); e.hasMoreElements();) {
        all.append(c.describe.body((Message) e.nextElement())).append(' ');
      }
      c.say(selector + ": " + all);
      browser.close();
    }
    QueueBrowser none = session.createBrowser(session.createQueue("browse.nothing"));
    c.say("empty " + none.getEnumeration().hasMoreElements());
    c.say(c.drain(session.createConsumer(queue)));
    connection.close();
  }

  private static Message grouped(Session session, String text, String group, int sequence)
      throws Exception {
    Message message = session.createTextMessage(text);
    message.setStringProperty("JMSXGroupID", group);
    if (sequence != 0) message.setIntProperty("JMSXGroupSeq", sequence);
    return message;
  }

  private static String group(Compare c, Message message) throws Exception {
    if (message == null) return "nothing";
    return c.describe.body(message) + " first "
        + message.getObjectProperty("JMSXGroupFirstForConsumer");
  }

  private static void groups(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("groups");
    Session own = Compare.session(connection);
    MessageProducer producer = own.createProducer(queue);
    MessageConsumer first = session.createConsumer(queue);
    producer.send(grouped(own, "a1", "a", 1));
    c.say("first " + group(c, first.receive(Compare.WAIT)));
    Session another = Compare.session(connection);
    MessageConsumer second = another.createConsumer(queue);
    producer.send(grouped(own, "a2", "a", 2));
    c.say("first " + group(c, first.receive(Compare.WAIT)));
    c.say("second " + group(c, second.receive(Compare.SHORT)));
    producer.send(grouped(own, "a3", "a", -1));
    c.say("first " + group(c, first.receive(Compare.WAIT)));
    producer.send(grouped(own, "a4", "a", 0));
    Message next = null;
    // Any of the two may get it.
    while (next == null) {
      next = second.receive(Compare.SHORT);
      if (next == null) next = first.receive(Compare.SHORT);
    }
    c.say("after the end " + group(c, next));
    first.close();
    producer.send(grouped(own, "a5", "a", 0));
    c.say("second " + c.describe.body(second.receive(Compare.WAIT)));
    connection.close();
  }

  private static void exclusive(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer plain = session.createConsumer(session.createQueue("exclusive"));
    Session two = Compare.session(connection);
    MessageConsumer first =
        two.createConsumer(two.createQueue("exclusive?consumer.exclusive=true"));
    Session three = Compare.session(connection);
    MessageConsumer second =
        three.createConsumer(three.createQueue("exclusive?consumer.exclusive=true&consumer.priority=5"));
    Compare.send(session, session.createQueue("exclusive"), "a", "b", "c", "d");
    c.say("plain " + c.describe.body(plain.receive(Compare.SHORT)));
    c.say("second " + c.drain(second));
    second.close();
    Compare.send(session, session.createQueue("exclusive"), "e", "f");
    c.say("first " + c.drain(first));
    connection.close();
  }

  private static void priority(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    String[] options = {"?consumer.priority=1&consumer.prefetchSize=2", "?consumer.priority=9&consumer.prefetchSize=2"};
    MessageConsumer[] consumers = new MessageConsumer[2];
    for (int i = 0; i < 2; i++) {
      Session own = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
      consumers[i] = own.createConsumer(own.createQueue("priority" + options[i]));
    }
    Compare.send(session, session.createQueue("priority"), "a", "b", "c");
    c.say("high " + c.drain(consumers[1]));
    c.say("low " + c.drain(consumers[0]));
    connection.close();
    connection = Compare.connect();
    session = Compare.session(connection);
    MessageProducer producer = session.createProducer(session.createQueue("message-priority"));
    for (int priority : new int[] {1, 9, 4, 9, 1}) {
      producer.send(session.createTextMessage("p" + priority), DeliveryMode.PERSISTENT, priority, 0);
    }
    c.say(c.drain(session.createConsumer(session.createQueue("message-priority"))));
    connection.close();
  }

  private static void durable(Compare c) throws Exception {
    ActiveMQConnection connection = Compare.connect("durable");
    Session session = Compare.session(connection);
    Topic topic = session.createTopic("durable.a");
    MessageConsumer all = session.createDurableSubscriber(session.createTopic("durable.>"), "all");
    MessageConsumer own = session.createDurableSubscriber(topic, "own", null, true);
    Compare.send(session, topic, "one");
    c.say("all " + c.drain(all));
    c.say("own " + c.describe.body(own.receive(Compare.SHORT)));
    c.attempt("in use", () -> session.createDurableSubscriber(topic, "own", null, true));
    c.attempt("unsubscribe in use", () -> {
      session.unsubscribe("all");
      return null;
    });
    all.close();
    own.close();
    connection.close();
    Connection other = Compare.connect();
    Session sending = Compare.session(other);
    MessageProducer producer = sending.createProducer(topic);
    producer.send(sending.createTextMessage("persistent"));
    producer.send(sending.createTextMessage("transient"), DeliveryMode.NON_PERSISTENT, 4, 0);
    connection = Compare.connect("durable");
    Session again = Compare.session(connection);
    all = again.createDurableSubscriber(again.createTopic("durable.>"), "all");
    c.say("all " + c.drain(all));
    own = again.createDurableSubscriber(topic, "own", null, true);
    c.say("own " + c.drain(own));
    all.close();
    own.close();
    c.attempt("unsubscribe", () -> {
      again.unsubscribe("all");
      again.unsubscribe("own");
      return null;
    });
    c.attempt("unsubscribe again", () -> {
      again.unsubscribe("all");
      return null;
    });
    c.attempt("without a client id", () -> {
      Session none = Compare.session(Compare.connect());
      return none.createDurableSubscriber(topic, "x");
    });
    connection.close();
    other.close();
  }

  private static void durableChanged(Compare c) throws Exception {
    Connection connection = Compare.connect("changed");
    Session session = Compare.session(connection);
    Topic topic = session.createTopic("changed");
    String[] selectors = {null, "n = 1", "n = 2", "n = 2"};
    for (String selector : selectors) {
      MessageConsumer consumer = session.createDurableSubscriber(topic, "s", selector, false);
      c.say(selector + ": " + c.describe.body(consumer.receive(Compare.SHORT)));
      consumer.close();
      for (int n = 1; n <= 2; n++) {
        Message message = session.createTextMessage("m" + n);
        message.setIntProperty("n", n);
        session.createProducer(topic).send(message);
      }
    }
    MessageConsumer moved =
        session.createDurableSubscriber(session.createTopic("changed.other"), "s", "n = 2", false);
    c.say("moved: " + c.describe.body(moved.receive(Compare.SHORT)));
    moved.close();
    session.unsubscribe("s");
    connection.close();
  }

  private static void xa(Compare c) throws Exception {
    ActiveMQXAConnectionFactory factory =
        new ActiveMQXAConnectionFactory(Compare.USER, Compare.PASSWORD, Compare.URL);
    javax.jms.XAConnection connection = factory.createXAConnection();
    connection.start();
    XASession session = connection.createXASession();
    XAResource resource = session.getXAResource();
    Queue queue = session.createQueue("xa");
    Xid work = new NumberedXid(1);
    resource.start(work, XAResource.TMNOFLAGS);
    Compare.send(session, queue, "xa");
    resource.end(work, XAResource.TMSUCCESS);
    c.say("prepare " + resource.prepare(work));
    c.say("recover " + resource.recover(XAResource.TMSTARTRSCAN).length);
    Connection other = Compare.connect();
    MessageConsumer consumer = Compare.session(other).createConsumer(queue);
    c.say("before " + c.describe.body(consumer.receive(Compare.SHORT)));
    resource.commit(work, false);
    c.say("after " + c.drain(consumer));
    c.say("recover " + resource.recover(XAResource.TMSTARTRSCAN).length);
    Xid empty = new NumberedXid(2);
    resource.start(empty, XAResource.TMNOFLAGS);
    resource.end(empty, XAResource.TMSUCCESS);
    c.say("prepare of nothing " + resource.prepare(empty));
    xaError(c, "commit of an unknown one", () -> resource.commit(new NumberedXid(3), false));
    xaError(c, "one phase of an unknown one", () -> resource.commit(new NumberedXid(3), true));
    xaError(c, "rollback of an unknown one", () -> resource.rollback(new NumberedXid(3)));
    xaError(c, "forget of an unknown one", () -> resource.forget(new NumberedXid(3)));
    xaError(c, "prepare of an unknown one", () -> resource.prepare(new NumberedXid(3)));
    Xid unprepared = new NumberedXid(4);
    resource.start(unprepared, XAResource.TMNOFLAGS);
    Compare.send(session, queue, "unprepared");
    resource.end(unprepared, XAResource.TMSUCCESS);
    xaError(c, "two phases of an unprepared one", () -> resource.commit(unprepared, false));
    xaError(c, "rollback", () -> resource.rollback(unprepared));
    c.say("left " + c.describe.body(consumer.receive(Compare.SHORT)));
    connection.close();
    other.close();
  }

  private interface XaAction {
    void run() throws XAException;
  }

  private static void xaError(Compare c, String what, XaAction action) {
    try {
      action.run();
      c.say(what + ": done");
    } catch (XAException error) {
      c.say(what + ": " + error.errorCode + " " + c.describe.stable(error.getMessage()));
    }
  }
}
