import java.io.FileInputStream;
import java.io.InputStream;
import java.io.Serializable;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.Destination;
import javax.jms.InvalidClientIDException;
import javax.jms.InvalidDestinationException;
import javax.jms.InvalidSelectorException;
import javax.jms.JMSException;
import javax.jms.JMSSecurityException;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.ObjectMessage;
import javax.jms.Queue;
import javax.jms.QueueBrowser;
import javax.jms.Session;
import javax.jms.StreamMessage;
import javax.jms.TemporaryQueue;
import javax.jms.TextMessage;
import javax.jms.Topic;
import javax.jms.XASession;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQSession;
import org.apache.activemq.ActiveMQXAConnectionFactory;
import org.apache.activemq.command.ActiveMQMessage;

/** Scenarios of ActiveMQ's Java client; each prints one line for each thing that it saw. */
public final class JmsScenarios {
  private static final String URL = System.getenv("BROKER_URL");
  private static final String USER = System.getenv("BROKER_USER");
  private static final String PASSWORD = System.getenv("BROKER_PASSWORD");
  private static final long TIMEOUT = 20_000;

  private JmsScenarios() {}

  public static void main(String[] args) throws Exception {
    // The client's threads would keep the process alive.
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, error) -> {
          error.printStackTrace();
          Runtime.getRuntime().halt(1);
        });
    trust(System.getenv("BROKER_CA_FILE"));
    String[] names = args[0].split(",");
    for (String name : names) {
      if (names.length > 1) say("# " + name);
      run(name, args);
    }
    System.exit(0);
  }

  /** Makes the authorities of a PEM file the only ones that TLS connections trust. */
  private static void trust(String caFile) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = new FileInputStream(caFile)) {
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("ca" + store.size(), each);
      }
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    SSLContext.setDefault(context);
  }

  private static void run(String name, String[] args) throws Exception {
    switch (name) {
      case "types": types(); break;
      case "acknowledge": acknowledge(); break;
      case "topics": topics(); break;
      case "browse": browse(); break;
      case "requests": requests(); break;
      case "redelivery": redelivery(); break;
      case "transactions": transactions(); break;
      case "refusals": refusals(); break;
      case "pull": pull(); break;
      case "large": large(); break;
      case "window": window(); break;
      case "refused": refused(); break;
      case "advisories": advisories(); break;
      case "xa-prepare": xaPrepare(); break;
      case "xa-finish": xaFinish(); break;
      case "failover-send": failoverSend(Integer.parseInt(args[1])); break;
      case "failover-count": failoverCount(); break;
      default: throw new IllegalArgumentException(name);
    }
  }

  private static void say(Object value) {
    System.out.println(value);
    System.out.flush();
  }

  private static ActiveMQConnectionFactory factory() {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(USER, PASSWORD, URL);
    factory.setTrustAllPackages(true);
    return factory;
  }

  private static Connection connect(String clientId) throws JMSException {
    Connection connection = factory().createConnection();
    if (clientId != null) connection.setClientID(clientId);
    connection.start();
    return connection;
  }

  private static String text(Message message) throws JMSException {
    return message == null ? "nothing" : ((TextMessage) message).getText();
  }

  private static void send(Session session, Destination to, String... texts) throws JMSException {
    MessageProducer producer = session.createProducer(to);
    for (String text : texts) producer.send(session.createTextMessage(text));
    producer.close();
  }

  private static void types() throws Exception {
    Connection connection = connect(null);
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Queue queue = session.createQueue("types");
    MessageProducer producer = session.createProducer(queue);
    TextMessage text = session.createTextMessage("t\u00e9xt \ud834\udd1e \u0000");
    text.setStringProperty("s", "x");
    text.setIntProperty("i", 1);
    text.setLongProperty("l", Long.MIN_VALUE);
    text.setDoubleProperty("d", 0.5);
    text.setBooleanProperty("b", true);
    text.setJMSCorrelationID("c");
    text.setJMSType("kind");
    text.setJMSReplyTo(session.createTopic("answers"));
    producer.send(text, javax.jms.DeliveryMode.NON_PERSISTENT, 7, 60_000);
    BytesMessage bytes = session.createBytesMessage();
    bytes.writeLong(42);
    producer.send(bytes);
    MapMessage map = session.createMapMessage();
    map.setInt("one", 1);
    map.setString("two", "zwei");
    producer.send(map);
    StreamMessage stream = session.createStreamMessage();
    stream.writeInt(3);
    stream.writeString("four");
    producer.send(stream);
    ObjectMessage object = session.createObjectMessage((Serializable) Collections.singletonList("five"));
    producer.send(object);
    producer.send(session.createMessage());
    producer.send(session.createTextMessage());
    MessageConsumer consumer = session.createConsumer(queue);
    TextMessage found = (TextMessage) consumer.receive(TIMEOUT);
    say(found.getText().equals(text.getText()) + " " + found.getStringProperty("s") + " "
        + found.getIntProperty("i") + " " + found.getLongProperty("l") + " "
        + found.getDoubleProperty("d") + " " + found.getBooleanProperty("b"));
    say(found.getJMSCorrelationID() + " " + found.getJMSType() + " " + found.getJMSReplyTo() + " "
        + found.getJMSDestination() + " " + found.getJMSDeliveryMode() + " "
        + found.getJMSPriority() + " " + (found.getJMSExpiration() > 0) + " "
        + found.getJMSRedelivered() + " " + found.getJMSMessageID().equals(text.getJMSMessageID()));
    say(((BytesMessage) consumer.receive(TIMEOUT)).readLong());
    MapMessage foundMap = (MapMessage) consumer.receive(TIMEOUT);
    say(foundMap.getInt("one") + " " + foundMap.getString("two"));
    StreamMessage foundStream = (StreamMessage) consumer.receive(TIMEOUT);
    say(foundStream.readInt() + " " + foundStream.readString());
    say(((ObjectMessage) consumer.receive(TIMEOUT)).getObject());
    say(consumer.receive(TIMEOUT) instanceof TextMessage);
    say(text(consumer.receive(TIMEOUT)));
    connection.close();
  }

  private static void acknowledge() throws Exception {
    Connection connection = connect(null);
    int[] modes = {
      Session.AUTO_ACKNOWLEDGE, Session.CLIENT_ACKNOWLEDGE, Session.DUPS_OK_ACKNOWLEDGE,
      ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE,
    };
    for (int mode : modes) {
      Session session = connection.createSession(false, mode);
      Queue queue = session.createQueue("acknowledge." + mode);
      send(session, queue, "a", "b", "c", "d");
      MessageConsumer consumer = session.createConsumer(queue);
      for (int i = 0; i < 3; i++) {
        Message message = consumer.receive(TIMEOUT);
        if (mode == Session.CLIENT_ACKNOWLEDGE && i == 1) message.acknowledge();
        if (mode == ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE && i == 1) message.acknowledge();
      }
      session.close();
      Session after = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
      MessageConsumer rest = after.createConsumer(queue);
      StringBuilder line = new StringBuilder(mode + ":");
      for (Message m = rest.receive(1000); m != null; m = rest.receive(1000)) {
        line.append(' ').append(text(m)).append(m.getJMSRedelivered() ? "+" : "");
      }
      say(line);
      after.close();
    }
    connection.close();
  }

  private static void topics() throws Exception {
    Connection connection = connect("topics");
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Topic topic = session.createTopic("prices.tea");
    MessageConsumer all = session.createConsumer(session.createTopic("prices.>"));
    MessageConsumer own = session.createConsumer(topic, null, true);
    MessageConsumer cheap = session.createConsumer(topic, "price < 3");
    MessageConsumer durable = session.createDurableSubscriber(topic, "tea", "price < 3", false);
    MessageProducer producer = session.createProducer(topic);
    for (int price = 2; price <= 4; price++) {
      Message message = session.createTextMessage("at " + price);
      message.setIntProperty("price", price);
      producer.send(message);
    }
    say(text(all.receive(TIMEOUT)) + ", " + text(all.receive(TIMEOUT)));
    say(text(cheap.receive(TIMEOUT)) + ", " + text(cheap.receive(500)));
    say(text(own.receive(500)));
    say(text(durable.receive(TIMEOUT)));
    durable.close();
    Message missed = session.createTextMessage("missed");
    missed.setIntProperty("price", 1);
    producer.send(missed);
    connection.close();
    connection = connect("topics");
    session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    durable = session.createDurableSubscriber(topic, "tea", "price < 3", false);
    say(text(durable.receive(TIMEOUT)));
    durable.close();
    session.unsubscribe("tea");
    try {
      session.unsubscribe("tea");
    } catch (InvalidDestinationException error) {
      say(error.getMessage());
    }
    connection.close();
  }

  private static void browse() throws Exception {
    Connection connection = connect(null);
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Queue queue = session.createQueue("browse");
    MessageProducer producer = session.createProducer(queue);
    for (int i = 0; i < 700; i++) {
      Message message = session.createTextMessage("m" + i);
      message.setIntProperty("odd", i % 2);
      producer.send(message);
    }
    for (String selector : new String[] {null, "odd = 1"}) {
      QueueBrowser browser = session.createBrowser(queue, selector);
      int count = 0;
      for (Enumeration<?> e = browser.getEnumeration(); e.hasMoreElements(); e.nextElement()) count++;
      say(count);
      browser.close();
    }
    MessageConsumer consumer = session.createConsumer(queue, "odd = 1");
    say(text(consumer.receive(TIMEOUT)));
    connection.close();
  }

  private static void requests() throws Exception {
    Connection server = connect("server");
    Session serving = server.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageProducer replies = serving.createProducer(null);
    serving.createConsumer(serving.createQueue("requests")).setMessageListener((message) -> {
      try {
        Message reply = serving.createTextMessage("re: " + text(message));
        reply.setJMSCorrelationID(message.getJMSMessageID());
        replies.send(message.getJMSReplyTo(), reply);
      } catch (JMSException error) {
        say(error);
      }
    });
    Connection client = connect("client");
    Session session = client.createSession(false, Session.AUTO_ACKNOWLEDGE);
    TemporaryQueue answers = session.createTemporaryQueue();
    MessageConsumer consumer = session.createConsumer(answers);
    MessageProducer producer = session.createProducer(session.createQueue("requests"));
    Set<String> found = new TreeSet<>();
    for (int i = 0; i < 50; i++) {
      Message request = session.createTextMessage("r" + i);
      request.setJMSReplyTo(answers);
      producer.send(request);
      Message reply = consumer.receive(TIMEOUT);
      if (reply.getJMSCorrelationID().equals(request.getJMSMessageID())) found.add(text(reply));
    }
    say(found.size());
    consumer.close();
    answers.delete();
    client.close();
    server.close();
  }

  private static void redelivery() throws Exception {
    ActiveMQConnectionFactory factory = factory();
    factory.getRedeliveryPolicy().setMaximumRedeliveries(2);
    factory.getRedeliveryPolicy().setInitialRedeliveryDelay(0);
    factory.getRedeliveryPolicy().setRedeliveryDelay(0);
    Connection connection = factory.createConnection();
    connection.start();
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    Queue queue = session.createQueue("redelivery");
    send(session, queue, "bad");
    session.commit();
    MessageConsumer consumer = session.createConsumer(queue);
    for (int i = 0; i < 3; i++) {
      Message message = consumer.receive(TIMEOUT);
      say(text(message) + " " + message.getIntProperty("JMSXDeliveryCount") + " "
          + message.getJMSRedelivered());
      session.rollback();
    }
    say(text(consumer.receive(1000)));
    Session other = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Message dead = other.createConsumer(other.createQueue("ActiveMQ.DLQ")).receive(TIMEOUT);
    say(text(dead) + " " + dead.getJMSDestination());
    connection.close();
  }

  private static void transactions() throws Exception {
    Connection connection = connect(null);
    Session session = connection.createSession(true, Session.SESSION_TRANSACTED);
    Queue queue = session.createQueue("transactions");
    send(session, queue, "one");
    session.rollback();
    send(session, queue, "two");
    session.commit();
    MessageConsumer consumer = session.createConsumer(queue);
    say(text(consumer.receive(TIMEOUT)));
    consumer.close();
    session.close();
    session = connection.createSession(true, Session.SESSION_TRANSACTED);
    consumer = session.createConsumer(queue);
    Message again = consumer.receive(TIMEOUT);
    say(text(again) + " " + again.getJMSRedelivered());
    session.commit();
    // A transaction that is larger than the window.
    for (int i = 0; i < 2500; i++) send(session, queue, "n" + i);
    session.commit();
    int count = 0;
    while (count < 2500 && consumer.receive(TIMEOUT) != null) count++;
    session.commit();
    say(count + " " + text(consumer.receive(500)));
    connection.close();
  }

  private static void refusals() throws Exception {
    try {
      factory().createConnection(USER, "wrong").start();
    } catch (JMSSecurityException error) {
      say(error.getMessage());
    }
    Connection first = connect("same");
    try {
      connect("same");
    } catch (InvalidClientIDException error) {
      say(error.getMessage().replaceAll("from .*", "from"));
    }
    Session session = first.createSession(false, Session.AUTO_ACKNOWLEDGE);
    try {
      session.createConsumer(session.createQueue("q"), "a = = b");
    } catch (InvalidSelectorException error) {
      say("a bad selector");
    }
    TemporaryQueue gone = session.createTemporaryQueue();
    gone.delete();
    try {
      send(session, gone, "x");
    } catch (JMSException error) {
      say("a deleted destination: " + error.getClass().getSimpleName());
    }
    first.close();
  }

  private static void pull() throws Exception {
    ActiveMQConnectionFactory factory = factory();
    factory.getPrefetchPolicy().setAll(0);
    Connection connection = factory.createConnection();
    connection.start();
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Queue queue = session.createQueue("pull");
    MessageConsumer consumer = session.createConsumer(queue);
    say(text(consumer.receiveNoWait()) + " " + text(consumer.receive(300)));
    send(session, queue, "a", "b");
    say(text(consumer.receive(TIMEOUT)) + " " + text(consumer.receiveNoWait()) + " "
        + text(consumer.receiveNoWait()));
    connection.close();
  }

  private static void large() throws Exception {
    ActiveMQConnectionFactory factory = factory();
    factory.setUseCompression(true);
    for (boolean compressed : new boolean[] {false, true}) {
      factory.setUseCompression(compressed);
      Connection connection = factory.createConnection();
      connection.start();
      Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
      Queue queue = session.createQueue("large");
      byte[] bytes = new byte[5_000_000];
      new java.util.Random(1).nextBytes(bytes);
      BytesMessage message = session.createBytesMessage();
      message.writeBytes(bytes);
      session.createProducer(queue).send(message);
      BytesMessage found = (BytesMessage) session.createConsumer(queue).receive(TIMEOUT);
      byte[] back = new byte[(int) found.getBodyLength()];
      found.readBytes(back);
      say(java.util.Arrays.equals(bytes, back));
      connection.close();
    }
  }

  private static final class TestXid implements Xid {
    private final byte[] global;

    TestXid(String name) {
      global = name.getBytes();
    }

    public int getFormatId() {
      return 7;
    }

    public byte[] getGlobalTransactionId() {
      return global;
    }

    public byte[] getBranchQualifier() {
      return new byte[] {1};
    }
  }

  private static XASession xaSession() throws JMSException {
    ActiveMQXAConnectionFactory factory = new ActiveMQXAConnectionFactory(USER, PASSWORD, URL);
    javax.jms.XAConnection connection = factory.createXAConnection();
    connection.start();
    return connection.createXASession();
  }

  /** A producer with a window waits for room in a full queue, and goes on when there is some. */
  private static void window() throws Exception {
    ActiveMQConnectionFactory factory = factory();
    factory.setUseAsyncSend(true);
    factory.setProducerWindowSize(4096);
    Connection sending = factory.createConnection();
    sending.start();
    Connection connection = connect(null);
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Topic full = session.createTopic("ActiveMQ.Advisory.FULL.Queue.limited");
    MessageConsumer watcher = session.createConsumer(full);
    Thread sender = new Thread(() -> {
      try {
        Session own = sending.createSession(false, Session.AUTO_ACKNOWLEDGE);
        MessageProducer producer = own.createProducer(own.createQueue("limited"));
        for (int i = 0; i < 20; i++) {
          BytesMessage message = own.createBytesMessage();
          message.writeBytes(new byte[1000]);
          producer.send(message);
        }
      } catch (JMSException error) {
        say(error);
      }
    });
    sender.start();
    say(watcher.receive(TIMEOUT).getStringProperty("usageName"));
    say(sender.isAlive());
    MessageConsumer consumer = session.createConsumer(session.createQueue("limited"));
    int count = 0;
    while (count < 20 && consumer.receive(TIMEOUT) != null) count++;
    sender.join(TIMEOUT);
    say(count + " " + sender.isAlive());
    connection.close();
    sending.close();
  }

  /** A queue that refuses messages while it is full. */
  private static void refused() throws Exception {
    Connection connection = connect(null);
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Queue queue = session.createQueue("refusing");
    MessageProducer producer = session.createProducer(queue);
    int count = 0;
    try {
      for (; count < 20; count++) {
        BytesMessage message = session.createBytesMessage();
        message.writeBytes(new byte[1000]);
        producer.send(message);
      }
    } catch (JMSException error) {
      say(count + " " + error.getClass().getName());
    }
    connection.close();
  }

  /** What ActiveMQ's client makes of advisories. */
  private static void advisories() throws Exception {
    ActiveMQConnection connection = (ActiveMQConnection) connect(null);
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    Queue queue = session.createQueue("told");
    Topic topic = session.createTopic("ActiveMQ.Advisory.MessageDelivered.Queue.told");
    MessageConsumer watcher = session.createConsumer(topic);
    send(session, queue, "hello");
    ActiveMQMessage advisory = (ActiveMQMessage) watcher.receive(TIMEOUT);
    ActiveMQMessage told = (ActiveMQMessage) advisory.getDataStructure();
    say(advisory.getJMSType() + " " + advisory.getStringProperty("orignalDestination"));
    say(told.getJMSMessageID().equals(advisory.getStringProperty("orignalMessageId")));
    say(told.getJMSDestination());
    connection.getDestinationSource().start();
    while (!connection.getDestinationSource().getQueues().contains(queue)) Thread.sleep(10);
    say("listed");
    connection.close();
  }

  /** Prepares two transactions and ends without an outcome. */
  private static void xaPrepare() throws Exception {
    Connection connection = connect(null);
    Session plain = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    send(plain, plain.createQueue("xa.in"), "in1", "in2");
    XASession session = xaSession();
    XAResource resource = session.getXAResource();
    MessageConsumer consumer = session.createConsumer(session.createQueue("xa.in"));
    for (String name : new String[] {"commit", "rollback"}) {
      Xid xid = new TestXid(name);
      resource.start(xid, XAResource.TMNOFLAGS);
      say(text(consumer.receive(TIMEOUT)));
      send(session, session.createQueue("xa.out"), "out of " + name);
      resource.end(xid, XAResource.TMSUCCESS);
      say(resource.prepare(xid));
    }
    Xid empty = new TestXid("empty");
    resource.start(empty, XAResource.TMNOFLAGS);
    resource.end(empty, XAResource.TMSUCCESS);
    say(resource.prepare(empty));
    try {
      resource.commit(new TestXid("unknown"), false);
    } catch (XAException error) {
      say(error.errorCode);
    }
  }

  /** Recovers them and gives each its outcome. */
  private static void xaFinish() throws Exception {
    XAResource resource = xaSession().getXAResource();
    List<String> names = new ArrayList<>();
    for (Xid xid : resource.recover(XAResource.TMSTARTRSCAN)) {
      String name = new String(xid.getGlobalTransactionId());
      names.add(name);
      if (name.equals("commit")) resource.commit(xid, false);
      else resource.rollback(xid);
    }
    Collections.sort(names);
    say(names);
    Connection connection = connect(null);
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    for (String name : new String[] {"xa.in", "xa.out"}) {
      MessageConsumer consumer = session.createConsumer(session.createQueue(name));
      say(text(consumer.receive(TIMEOUT)) + " " + text(consumer.receive(1000)));
    }
    connection.close();
  }

  /** Sends messages one after the other, each once the one before is confirmed. */
  private static void failoverSend(int count) throws Exception {
    Connection connection = connect("failover-sender");
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageProducer producer = session.createProducer(session.createQueue("failover"));
    for (int i = 0; i < count; i++) {
      producer.send(session.createTextMessage("m" + i));
      if (i % 50 == 49) say(i + 1);
    }
    ((ActiveMQConnection) connection).close();
  }

  private static void failoverCount() throws Exception {
    Connection connection = connect(null);
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageConsumer consumer = session.createConsumer(session.createQueue("failover"));
    Set<String> distinct = new TreeSet<>();
    int count = 0;
    for (Message m = consumer.receive(TIMEOUT); m != null; m = consumer.receive(2000)) {
      distinct.add(text(m));
      count++;
    }
    say(count + " " + distinct.size());
    connection.close();
  }
}
