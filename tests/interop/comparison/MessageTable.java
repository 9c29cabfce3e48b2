import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.StreamMessage;
import org.apache.activemq.command.ActiveMQMessage;

/** Scenarios about messages: bodies, headers, properties, selectors, expiry, schedules. */
final class MessageTable {
  private MessageTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("message-types", MessageTable::types);
    table.put("message-headers", MessageTable::headers);
    table.put("message-properties", MessageTable::properties);
    table.put("message-compressed", MessageTable::compressed);
    table.put("message-selectors", MessageTable::selectors);
    table.put("message-selected-headers", MessageTable::selectedHeaders);
    table.put("message-bad-selectors", MessageTable::badSelectors);
    table.put("message-expiry", MessageTable::expiry);
    table.put("message-schedule", MessageTable::schedule);
    table.put("message-bad-schedule", MessageTable::badSchedule);
  }

  private static List<Message> oneOfEach(Session session) throws JMSException {
    BytesMessage bytes = session.createBytesMessage();
    bytes.writeLong(42);
    bytes.writeUTF("text");
    MapMessage map = session.createMapMessage();
    map.setBoolean("boolean", true);
    map.setByte("byte", (byte) -1);
    map.setShort("short", (short) 300);
    map.setChar("char", '\u00e9');
    map.setInt("int", 70_000);
    map.setLong("long", 1L << 40);
    map.setFloat("float", 0.5f);
    map.setDouble("double", -0.25);
    map.setString("string", "zwei \ud834\udd1e");
    map.setBytes("bytes", new byte[] {1, 2});
    map.setObject("null", null);
    Map<String, Object> inner = new HashMap<>();
    inner.put("one", 1);
    map.setObject("map", inner);
    map.setObject("list", new ArrayList<>(Arrays.asList("a", 2L)));
    StreamMessage stream = session.createStreamMessage();
    stream.writeBoolean(true);
    stream.writeByte((byte) 1);
    stream.writeShort((short) 2);
    stream.writeChar('c');
    stream.writeInt(3);
    stream.writeLong(4);
    stream.writeFloat(5);
    stream.writeDouble(6);
    stream.writeString("seven");
    stream.writeBytes(new byte[] {8});
    stream.writeObject(null);
    return Arrays.asList(
        session.createTextMessage("text \ud834\udd1e \u0000 end"),
        session.createTextMessage(""),
        session.createTextMessage(),
        bytes,
        session.createBytesMessage(),
        map,
        session.createMapMessage(),
        stream,
        session.createStreamMessage(),
        session.createObjectMessage((java.io.Serializable) Collections.singletonList("five")),
        session.createObjectMessage(),
        session.createMessage());
  }

  private static void types(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("types");
    MessageProducer producer = session.createProducer(queue);
    for (Message message : oneOfEach(session)) producer.send(message);
    MessageConsumer consumer = session.createConsumer(queue);
    int count = oneOfEach(session).size();
    for (int i = 0; i < count; i++) c.say(c.describe.all(consumer.receive(Compare.WAIT)));
    connection.close();
  }

  private static void compressed(Compare c) throws Exception {
    org.apache.activemq.ActiveMQConnectionFactory factory = Compare.factory();
    factory.setUseCompression(true);
    Connection connection = factory.createConnection();
    connection.start();
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("compressed");
    MessageProducer producer = session.createProducer(queue);
    for (Message message : oneOfEach(session)) producer.send(message);
    MessageConsumer consumer = session.createConsumer(queue);
    int count = oneOfEach(session).size();
    for (int i = 0; i < count; i++) c.say(c.describe.body(consumer.receive(Compare.WAIT)));
    connection.close();
  }

  private static void headers(Compare c) throws Exception {
    Connection connection = Compare.connect("headers");
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("headers");
    MessageProducer producer = session.createProducer(queue);
    Message message = session.createTextMessage("a");
    message.setJMSCorrelationID("c\u00f6rrelation");
    message.setJMSType("kind");
    message.setJMSReplyTo(session.createTopic("answers"));
    producer.send(message, DeliveryMode.NON_PERSISTENT, 9, 3_600_000);
    MessageConsumer consumer = session.createConsumer(queue);
    headers(c, consumer);
    message = session.createTextMessage("b");
    message.setJMSCorrelationIDAsBytes("bytes".getBytes());
    message.setJMSReplyTo(session.createTemporaryQueue());
    message.setStringProperty("JMSXGroupID", "group");
    message.setIntProperty("JMSXGroupSeq", 7);
    message.setStringProperty("JMSXUserID", "forged");
    message.setStringProperty("JMS_Vendor", "x");
    producer.setDisableMessageTimestamp(true);
    producer.send(message, DeliveryMode.PERSISTENT, 0, 0);
    headers(c, consumer);
    connection.close();
  }

  private static void headers(Compare c, MessageConsumer consumer) throws JMSException {
    Message found = consumer.receive(Compare.WAIT);
    c.say(c.describe.all(found));
    c.say("JMSXDeliveryCount " + found.getIntProperty("JMSXDeliveryCount")
          + " JMSXGroupID " + found.getStringProperty("JMSXGroupID")
          + " first " + found.getObjectProperty("JMSXGroupFirstForConsumer")
          + " user " + found.getStringProperty("JMSXUserID")
          + " in " + (((ActiveMQMessage) found).getBrokerInTime() > 0)
          + " out " + (((ActiveMQMessage) found).getBrokerOutTime() > 0)
          + " original " + ((ActiveMQMessage) found).getOriginalDestination());
  }

  private static void properties(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("properties");
    Message message = session.createTextMessage("p");
    message.setBooleanProperty("boolean", false);
    message.setByteProperty("byte", Byte.MIN_VALUE);
    message.setShortProperty("short", Short.MAX_VALUE);
    message.setIntProperty("int", -1);
    message.setLongProperty("long", Long.MIN_VALUE);
    message.setFloatProperty("float", Float.NaN);
    message.setDoubleProperty("double", Double.NEGATIVE_INFINITY);
    message.setStringProperty("string", "\u20ac");
    message.setStringProperty("empty", "");
    message.setStringProperty("null", null);
    message.setObjectProperty("name-with.signs", "ok");
    Compare.session(connection).createProducer(queue).send(message);
    c.say(c.describe.all(session.createConsumer(queue).receive(Compare.WAIT)));
    connection.close();
  }

  private static Message numbered(Session session, int n) throws JMSException {
    Message message = session.createTextMessage("m" + n);
    message.setIntProperty("n", n);
    message.setStringProperty("colour", n % 2 == 0 ? "blue" : "red");
    if (n % 3 == 0) message.setBooleanProperty("third", true);
    if (n == 4) message.setStringProperty("n2", "4");
    if (n == 5) message.setDoubleProperty("n2", 5.5);
    if (n == 6) message.setLongProperty("n2", 1L << 40);
    return message;
  }

  private static void selectors(Compare c) throws Exception {
    String[] selectors = {
      "n > 3", "n >= 3 AND colour = 'blue'", "n = 1 OR n = 2", "NOT (n = 1)", "n <> 2",
      "colour LIKE 'b%'", "colour LIKE '_ed'", "colour NOT LIKE 'r%'", "n BETWEEN 2 AND 4",
      "n NOT BETWEEN 2 AND 4", "colour IN ('red', 'green')", "colour NOT IN ('red')",
      "third IS NULL", "third IS NOT NULL", "third", "third = TRUE", "NOT third", "third <> FALSE",
      "n2 = 4", "n2 = '4'", "n2 > 5", "n2 = 5.5", "n2 >= 1099511627776", "n2 < '5'",
      "n + 1 = 3", "n * 2 > 8", "n / 2 = 1", "n - 1 < 1", "-n = -2", "n % 2 = 1",
      "colour = 'blue' AND (n = 2 OR n = 4)", "missing = 1", "NOT (missing = 1)",
      "missing IS NULL OR n = 1", "missing <> 1", "JMSPriority = 4", "JMSDeliveryMode = 'PERSISTENT'",
      "JMSType IS NULL", "colour + 'x' = 'redx'", "n = 0x2", "n = 1.0", "n = 2.", "n > 5e-1 AND n < .15E1",
      "colour = 'it''s'", "colour LIKE 'r\\_d' ESCAPE '\\'", "TRUE", "1 = 1", "n > 3 /* c */",
      "n = 02", "n = 2L", "n = 5 OR missing = 2", "missing = 2 OR n = 5", "missing = 2 AND n = 5",
      "colour > 'a'", "third > 1", "JMSXGroupSeq = 0", "JMSXGroupSeq IS NULL", "JMSXGroupID IS NULL",
      "JMSXUserID IS NULL", "JMSReplyTo IS NULL", "JMSCorrelationID IS NULL", "JMSXDeliveryCount = 1",
    };
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer[] consumers = new MessageConsumer[selectors.length];
    for (int i = 0; i < selectors.length; i++) {
      Queue queue = session.createQueue("selectors." + i);
      try {
        consumers[i] = session.createConsumer(queue, selectors[i]);
      } catch (JMSException error) {
        c.say(selectors[i] + ": " + c.describe.error(error));
        continue;
      }
      MessageProducer producer = session.createProducer(queue);
      for (int n = 1; n <= 6; n++) {
        producer.send(numbered(session, n), DeliveryMode.PERSISTENT, 4, 0);
      }
    }
    Thread.sleep(SELECTED);
    for (int i = 0; i < selectors.length; i++) {
      if (consumers[i] == null) continue;
      StringBuilder found = new StringBuilder();
      for (Message m = consumers[i].receiveNoWait(); m != null; m = consumers[i].receiveNoWait()) {
        found.append(m.getIntProperty("n")).append(' ');
      }
      c.say(selectors[i] + ": " + found);
    }
    connection.close();
  }

  /** Milliseconds in which all messages that match are delivered. */
  private static final long SELECTED = 1500;


  private static void selectedHeaders(Compare c) throws Exception {
    String[] selectors = {
      "JMSXGroupID = 'g'", "JMSXGroupSeq = 3", "JMSXGroupSeq IS NULL", "JMSXGroupSeq > 2",
      "JMSXUserID = 'u'", "JMSXDeliveryCount = 1", "JMSRedelivered = FALSE", "JMSDestination = 'queue://sh'",
      "JMSDestination LIKE 'queue://%'", "JMSReplyTo = 'topic://answers'", "JMSCorrelationID = 'c'",
      "JMSType = 'kind'", "JMSExpiration = 0", "JMSTimestamp > 0", "JMSMessageID LIKE 'ID:%'",
      "JMSDeliveryMode = 'NON_PERSISTENT'", "JMSPriority > 5", "JMSXProducerTXID IS NULL",
      "JMSXGroupFirstForConsumer = TRUE", "JMSXGroupFirstForConsumer IS NULL",
      "JMSActiveMQBrokerInTime > 0", "JMSActiveMQBrokerOutTime = 0", "JMSXGroupSeq + 1 = 4",
      "JMSXAnything IS NULL", "JMS_AMQP_NATIVE IS NULL",
    };
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    for (String kind : new String[] {"queue", "topic"}) {
      MessageConsumer[] consumers = new MessageConsumer[selectors.length];
      for (int i = 0; i < selectors.length; i++) {
        boolean isQueue = kind.equals("queue");
        String name = isQueue && selectors[i].contains("queue://sh") ? "sh" : kind + ".sh" + i;
        Destination to = isQueue ? session.createQueue(name) : session.createTopic(name);
        consumers[i] = session.createConsumer(to, selectors[i]);
        Message message = session.createTextMessage("x");
        message.setStringProperty("JMSXGroupID", "g");
        message.setIntProperty("JMSXGroupSeq", 3);
        message.setStringProperty("JMSXUserID", "u");
        message.setJMSCorrelationID("c");
        message.setJMSType("kind");
        message.setJMSReplyTo(session.createTopic("answers"));
        session.createProducer(to).send(message, DeliveryMode.NON_PERSISTENT, 6, 0);
      }
      Thread.sleep(SELECTED);
      for (int i = 0; i < selectors.length; i++) {
        c.say(kind + " " + selectors[i] + ": " + c.describe.body(consumers[i].receiveNoWait()));
      }
    }
    connection.close();
  }

  private static void badSelectors(Compare c) throws Exception {
    String[] selectors = {
      "a = = b", "(", "a >", "a LIKE 5", "a IN ()", "5 > 'x'", "a = NULL", "'a' > 'b'", "a BETWEEN 1",
      "TRUE > FALSE", "a IS 5", "NOT", "a AND", "'open", "a = 'x' ESCAPE 'y'", "UNKNOWNFUNC(a) = 1",
      "a IN (1, 2)", "a LIKE 'x' ESCAPE 'xy'", "a..b = 1", "1a = 2", "*",
    };
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("bad-selectors");
    for (String selector : selectors) {
      c.attempt(selector, () -> {
        session.createConsumer(queue, selector).close();
        return null;
      });
    }
    c.attempt("empty", () -> {
      session.createConsumer(queue, "").close();
      return null;
    });
    connection.close();
  }

  private static void expiry(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("expiry");
    MessageProducer producer = session.createProducer(queue);
    Message message = session.createTextMessage("expired");
    message.setIntProperty("i", 1);
    message.setJMSReplyTo(session.createQueue("answers"));
    producer.send(message, DeliveryMode.PERSISTENT, 7, 50);
    Message transientOne = session.createTextMessage("transient");
    producer.send(transientOne, DeliveryMode.NON_PERSISTENT, 4, 50);
    Thread.sleep(200);
    // A browser makes the broker look at its messages.
    MessageConsumer consumer = session.createConsumer(queue);
    c.say(c.describe.body(consumer.receive(Compare.SHORT)));
    c.deadLetters(session, 1);
    MessageConsumer dead = session.createConsumer(session.createQueue("ActiveMQ.DLQ"));
    c.say("another: " + c.describe.body(dead.receive(Compare.SHORT)));
    connection.close();
  }

  private static void schedule(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("schedule");
    MessageProducer producer = session.createProducer(queue);
    MessageConsumer consumer = session.createConsumer(queue);
    Message delayed = session.createTextMessage("delayed");
    delayed.setLongProperty("AMQ_SCHEDULED_DELAY", 600);
    delayed.setStringProperty("other", "kept");
    producer.send(delayed);
    c.say(c.describe.body(consumer.receive(50)));
    Message found = consumer.receive(Compare.WAIT);
    c.say(c.describe.all(found));
    c.say("same id " + found.getJMSMessageID().equals(delayed.getJMSMessageID())
        + " job is the id " + found.getStringProperty("scheduledJobId").equals(found.getJMSMessageID()));
    Message repeated = session.createTextMessage("repeated");
    repeated.setLongProperty("AMQ_SCHEDULED_DELAY", 100);
    repeated.setLongProperty("AMQ_SCHEDULED_PERIOD", 100);
    repeated.setIntProperty("AMQ_SCHEDULED_REPEAT", 2);
    producer.send(repeated);
    for (int i = 0; i < 3; i++) {
      found = consumer.receive(Compare.WAIT);
      c.say(c.describe.body(found) + " same id "
          + found.getJMSMessageID().equals(repeated.getJMSMessageID()));
    }
    c.say(c.describe.body(consumer.receive(1500)));
    connection.close();
  }

  private static void badSchedule(Compare c) throws Exception {
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("bad-schedule");
    String[][] bad = {
      {"AMQ_SCHEDULED_CRON", "x"}, {"AMQ_SCHEDULED_CRON", "* * * *"}, {"AMQ_SCHEDULED_CRON", "99 * * * *"},
      {"AMQ_SCHEDULED_DELAY", "text"}, {"AMQ_SCHEDULED_REPEAT", "5000"},
    };
    for (String[] each : bad) {
      c.attempt(each[0] + " " + each[1], () -> {
        Message message = session.createTextMessage("bad");
        message.setStringProperty(each[0], each[1]);
        if (each[0].endsWith("REPEAT")) message.setLongProperty("AMQ_SCHEDULED_DELAY", 10);
        session.createProducer(queue).send(message);
        return null;
      });
    }
    connection.close();
  }
}
