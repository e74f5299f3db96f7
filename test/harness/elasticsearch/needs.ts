import { Server } from "./server.ts";

/** For `test("...", plain, ...)`: skips with a printed reason where there is no such server. */
export interface Requirement {
  readonly skip: string | false;
}

const image = "docker.elastic.co/elasticsearch/elasticsearch:9.4.3";

const plainSetting = {
  variable: "MAYFLY_TEST_ELASTICSEARCH",
  what: "an Elasticsearch without security",
  url: "http://127.0.0.1:9200",
  run: `docker run -d -p 127.0.0.1:9200:9200 -e discovery.type=single-node -e xpack.security.enabled=false ${image}`,
};

const secureSetting = {
  variable: "MAYFLY_TEST_ELASTICSEARCH_SECURE",
  what: "an Elasticsearch with security",
  url: "http://elastic:changeme@127.0.0.1:9201",
  run:
    "docker run -d -p 127.0.0.1:9201:9200 -e discovery.type=single-node -e ELASTIC_PASSWORD=changeme " +
    `-e xpack.security.http.ssl.enabled=false ${image}`,
};

/** Without security. `npm run test:elasticsearch` starts the official image where a Docker engine has it. */
export const plain: Requirement = requirement(plainSetting);
/** With security over plain HTTP, and a superuser's name and password in the URL. */
export const secure: Requirement = requirement(secureSetting);

/** Skips for the first reason that any of them has. */
export function needs(...requirements: readonly Requirement[]): Requirement {
  return requirements.find(({ skip }) => skip !== false) ?? { skip: false };
}

/** @throws where there is none: the test must state that it needs `plain` */
export function plainServer(): Server {
  return new Server(given(plainSetting));
}

/** @throws where there is none: the test must state that it needs `secure` */
export function secureServer(): Server {
  return new Server(given(secureSetting));
}

type Setting = typeof plainSetting;

function requirement(setting: Setting): Requirement {
  if (urlOf(setting) !== "") return { skip: false };
  return { skip: `needs ${setting.what}. To get one: ${setting.run}; then ${setting.variable}=${setting.url}` };
}

function given(setting: Setting): string {
  const url = urlOf(setting);
  if (url === "") throw new Error(`${setting.variable} is not set: state that the test needs it, so that it skips`);
  return url;
}

function urlOf({ variable }: Setting): string {
  return process.env[variable] ?? "";
}
