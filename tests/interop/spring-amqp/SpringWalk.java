import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.core.TopicExchange;
import org.springframework.amqp.rabbit.config.RetryInterceptorBuilder;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.connection.RabbitConnectionFactoryBean;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.adapter.MessageListenerAdapter;
import org.springframework.amqp.rabbit.retry.RejectAndDontRequeueRecoverer;
import org.springframework.amqp.rabbit.transaction.RabbitTransactionManager;
import org.springframework.boot.actuate.amqp.RabbitHealthIndicator;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Spring AMQP with a broker. Prints one line for each step. Arguments: port, trust store; the log-in is
 * BROKER_USER and BROKER_PASSWORD of the environment.
 */
public class SpringWalk {
  private static final int WAIT_MS = 20_000;

  private final RabbitConnectionFactoryBean bean = new RabbitConnectionFactoryBean();
  private final CachingConnectionFactory factory;
  private final RabbitTemplate template;
  private final RabbitAdmin admin;

  private SpringWalk(int port, String store) throws Exception {
    bean.setHost("localhost");
    bean.setPort(port);
    bean.setUsername(System.getenv("BROKER_USER"));
    bean.setPassword(System.getenv("BROKER_PASSWORD"));
    bean.setUseSSL(true);
    bean.setSslAlgorithm("TLSv1.2");
    bean.setEnableHostnameVerification(true);
    bean.setTrustStore("file:" + store);
    bean.setTrustStoreType("PKCS12");
    bean.setTrustStorePassphrase("changeit");
    bean.afterPropertiesSet();
    factory = new CachingConnectionFactory(bean.getObject());
    factory.setPublisherConfirms(true);
    factory.setPublisherReturns(true);
    template = new RabbitTemplate(factory);
    admin = new RabbitAdmin(template);
  }

  public static void main(String[] args) throws Exception {
    SpringWalk walk = new SpringWalk(Integer.parseInt(args[0]), args[1]);
    step("health", () -> new RabbitHealthIndicator(walk.template).health().getStatus());
    step("declarations", walk::declare);
    step("repeated", () -> walk.initialize());
    step("other arguments", () -> walk.admin.declareQueue(new Queue("orders")));
    step("confirm and return", walk::publish);
    step("transactions", walk::transact);
    step("retries", walk::retry);
    step("redelivery", walk::requeue);
    step("request and reply", walk::call);
    walk.factory.destroy();
    System.exit(0);
  }

  private static void step(String name, Callable<?> run) {
    Object found;
    try {
      found = run.call();
    } catch (Exception error) {
      Throwable cause = error;
      while (cause.getCause() != null) cause = cause.getCause();
      found = cause.getMessage();
    }
    System.out.println(name + ": " + found);
  }

  private String initialize() {
    admin.initialize();
    return String.valueOf(admin.getQueueProperties("orders").get(RabbitAdmin.QUEUE_MESSAGE_COUNT));
  }

  private String declare() {
    GenericApplicationContext context = new GenericApplicationContext();
    context.registerBean("orders", Queue.class, () -> QueueBuilder.durable("orders")
        .withArgument("x-dead-letter-exchange", "").withArgument("x-dead-letter-routing-key", "dead")
        .withArgument("x-queue-type", "classic").withArgument("x-message-ttl", 600_000).build());
    context.registerBean("dead", Queue.class, () -> new Queue("dead"));
    context.registerBean("topics", TopicExchange.class, () -> new TopicExchange("topics"));
    context.registerBean("binding", Binding.class, () ->
        BindingBuilder.bind(new Queue("orders")).to(new TopicExchange("topics")).with("order.#"));
    context.refresh();
    admin.setApplicationContext(context);
    return initialize();
  }

  private String publish() throws Exception {
    BlockingQueue<String> returned = new LinkedBlockingQueue<>();
    RabbitTemplate mandatory = new RabbitTemplate(factory);
    mandatory.setMandatory(true);
    mandatory.setReturnCallback((message, code, text, exchange, key) -> returned.add(code + " " + text));
    StringBuilder all = new StringBuilder();
    for (String[] target : new String[][] {{"topics", "order.new"}, {"topics", "none"}, {"none", "k"}}) {
      CorrelationData data = new CorrelationData(target[1]);
      mandatory.convertAndSend(target[0], target[1], (Object) "one", data);
      all.append(data.getFuture().get(WAIT_MS, TimeUnit.MILLISECONDS).isAck()).append(' ');
    }
    return all + returned.poll(WAIT_MS, TimeUnit.MILLISECONDS) + " " + template.receiveAndConvert("orders", WAIT_MS);
  }

  private String transact() throws Exception {
    CachingConnectionFactory plain = new CachingConnectionFactory(bean.getObject());
    RabbitTemplate transacted = new RabbitTemplate(plain);
    transacted.setChannelTransacted(true);
    TransactionTemplate transaction = new TransactionTemplate(new RabbitTransactionManager(plain));
    for (String word : new String[] {"kept", "undone"}) {
      transaction.execute((status) -> {
        transacted.convertAndSend("", "orders", word);
        if (word.equals("undone")) status.setRollbackOnly();
        return null;
      });
    }
    plain.destroy();
    return template.receiveAndConvert("orders", WAIT_MS) + " " + template.receiveAndConvert("orders");
  }

  private SimpleMessageListenerContainer listen(String queue, MessageListener listener) {
    SimpleMessageListenerContainer container = new SimpleMessageListenerContainer(factory);
    container.setQueueNames(queue);
    container.setMessageListener(listener);
    return container;
  }

  private String retry() {
    AtomicInteger tries = new AtomicInteger();
    SimpleMessageListenerContainer container = listen("orders", (message) -> {
      tries.incrementAndGet();
      throw new IllegalStateException("refused by the test");
    });
    container.setConcurrentConsumers(2);
    container.setAdviceChain(RetryInterceptorBuilder.stateless().maxAttempts(3).backOffOptions(10, 2, 100)
        .recoverer(new RejectAndDontRequeueRecoverer()).build());
    container.afterPropertiesSet();
    container.start();
    template.convertAndSend("", "orders", "bad");
    Message dead = template.receive("dead", WAIT_MS);
    container.destroy();
    Map<?, ?> death = (Map<?, ?>) ((List<?>) dead.getMessageProperties().getHeaders().get("x-death")).get(0);
    Map<Object, Object> shown = new TreeMap<>(death);
    shown.remove("time");
    return tries + " " + new String(dead.getBody(), StandardCharsets.UTF_8) + " " + shown;
  }

  private String requeue() throws Exception {
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    SimpleMessageListenerContainer container = listen("orders", (message) -> {
      seen.add(String.valueOf(message.getMessageProperties().isRedelivered()));
      if (!message.getMessageProperties().isRedelivered()) throw new IllegalStateException("by the test");
    });
    container.afterPropertiesSet();
    container.start();
    template.convertAndSend("", "orders", "again");
    String found = seen.poll(WAIT_MS, TimeUnit.MILLISECONDS) + " " + seen.poll(WAIT_MS, TimeUnit.MILLISECONDS);
    container.destroy();
    return found;
  }

  /** Answers a request in capitals. */
  public static class Capitals {
    public String handleMessage(String text) {
      return text.toUpperCase();
    }
  }

  private String call() {
    SimpleMessageListenerContainer container = listen("orders", new MessageListenerAdapter(new Capitals()));
    container.afterPropertiesSet();
    container.start();
    TreeSet<Object> found = new TreeSet<>();
    for (boolean temporary : new boolean[] {false, true}) {
      RabbitTemplate caller = new RabbitTemplate(factory);
      caller.setReplyTimeout(WAIT_MS);
      caller.setUseTemporaryReplyQueues(temporary);
      found.add(caller.convertSendAndReceive("", "orders", temporary ? "queue" : "direct"));
    }
    container.destroy();
    return found.toString();
  }
}
