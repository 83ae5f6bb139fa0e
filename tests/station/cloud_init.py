"""cloud-init's own reader of NoCloud answers, as a program: what it takes from a kernel command line, as JSON.

    DEBUG_PROC_CMDLINE="ds=nocloud-net;s=http://..." /usr/bin/python3 cloud_init.py DIRECTORY

Run by the system's Python, which has Debian's cloud-init. Only its reader is called: everything it writes goes to
DIRECTORY, and nothing is done to this computer.
"""

import json
import sys
from typing import Any


def read(directory: str) -> dict[str, Any]:
    # The system's packages; nothing here knows them.
    helpers, nocloud, network_state, url_helper, util = (
        __import__(f"cloudinit.{name}", fromlist=["x"])
        for name in ("helpers", "sources.DataSourceNoCloud", "net.network_state", "url_helper", "util")
    )
    paths = helpers.Paths({"cloud_dir": directory, "run_dir": directory})
    configuration = {"datasource": {"NoCloud": {"fs_label": None}}}
    source = nocloud.DataSourceNoCloudNet(configuration, None, paths)
    if not source._get_data():
        return {"found": False}
    # Debian 12's reader asks for three of the four files; what later ones do with the fourth is done by hand.
    seed = source.metadata["seedfrom"]
    network = util.load_yaml(url_helper.read_file_or_url(f"{seed}network-config").contents, default={})
    interfaces = list(network_state.parse_net_config_data(network).iter_interfaces()) if network else []
    return {
        "found": True,
        "dsmode": source.dsmode,
        "meta_data": source.metadata,
        "user_data": source.userdata_raw.decode(),
        "vendor_data": source.vendordata_raw.decode(),
        "parts": [part.get_content_type() for part in source.get_userdata().walk() if not part.is_multipart()],
        "instance_id": source.get_instance_id(),
        "interfaces": [{"name": one["name"], "mac": one["mac_address"]} for one in interfaces],
    }


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1])))
