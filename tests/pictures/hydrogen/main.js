// The whole of Hydrogen, as its own start page puts it together.
import { createNavigation, createRouter, FeatureSet, Platform, RootView, RootViewModel } from "hydrogen-view-sdk";
import olmJs from "@matrix-org/olm/olm.js?url";
import olmWasm from "@matrix-org/olm/olm.wasm?url";
import olmLegacy from "@matrix-org/olm/olm_legacy.js?url";
import sandbox from "hydrogen-view-sdk/download-sandbox.html?url";
import worker from "hydrogen-view-sdk/main.js?url";
import "hydrogen-view-sdk/assets/theme-element-light.css";

const platform = new Platform({
  container: document.body,
  assetPaths: {
    downloadSandbox: sandbox,
    worker,
    serviceWorker: "sw.js",
    olm: { wasm: olmWasm, legacyBundle: olmLegacy, wasmBundle: olmJs },
  },
  config: { defaultHomeServer: "" },
  options: { development: false },
});
const navigation = createNavigation();
platform.setNavigation(navigation);
await platform.init();
const urlRouter = createRouter({ navigation, history: platform.history });
urlRouter.attach();
const features = await FeatureSet.load(platform.settingsStorage);
const shown = new RootViewModel({ platform, navigation, urlRouter, features });
await shown.load();
document.body.appendChild(new RootView(shown).mount());
