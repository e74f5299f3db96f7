// Writes config/mayfly.schema.json from the zod schema. Run it after a build when a key has changed; a test compares.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { editorSchema } from "../dist/config/editor.js";

const file = fileURLToPath(new URL("../config/mayfly.schema.json", import.meta.url));
const biome = fileURLToPath(new URL("../node_modules/.bin/biome", import.meta.url));
writeFileSync(file, JSON.stringify(editorSchema()));
execFileSync(biome, ["format", "--write", file], { stdio: "inherit" });
