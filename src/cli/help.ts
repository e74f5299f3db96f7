/** What `mayfly help` prints. 80 columns. */
export const helpText = `mayfly watches every process on this host, from fork to exit.

  mayfly [run]               print every process as its life completes
  mayfly run -- COMMAND ...  run a command, show only its processes, and a summary
  mayfly run --elasticsearch URL   ship the lives there; no documents on stdout
  mayfly setup --elasticsearch URL install the index templates, once, as an admin
  mayfly dead-letter [list|send]   documents that Elasticsearch refused
  mayfly status              how the running mayfly is (telemetry.http)
  mayfly doctor              what this kernel offers, what is missing, how to get it
  mayfly record FILE         keep the raw records, to reproduce a problem elsewhere
  mayfly replay FILE         make documents of a recording; needs no root
  mayfly validate [FILE]     check a configuration file
  mayfly version

  --format pretty|ndjson     pretty on a terminal, ndjson into a pipe
  --profile NAME             the words of the documents: lifecycle, elastic or transitions
  --for 10s                  end by itself after that time
  --config FILE              default /etc/mayfly/mayfly.yml, where there is one
  --no-snapshot              leave out the processes that are running already
  --namespace NAME           the last part of logs-mayfly.process-default
  --api-key-file FILE        the key for --elasticsearch; or set in the environment
                             MAYFLY_ELASTICSEARCH_API_KEY (or _USERNAME, _PASSWORD)
  setup: --expect N --retention 30d --index-mode MODE --ilm POLICY --rules
         --rollover --dry-run --print

Exit status: 0; that of COMMAND; 64 usage; 70 a fault in mayfly; 73 cannot write;
77 no permission, or the kernel lacks something; 78 configuration.
`;
