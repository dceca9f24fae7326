#include "local_transport.h"

#include <cstring>
#include <stdexcept>
#include <utility>

namespace infinitile {

void LocalTransport::start(std::vector<Piece> pieces, const std::string& step) {
  end_.require(step);
  for (Piece& piece : pieces) {
    if (piece.send) {
      auto post = std::make_shared<LocalPost>();
      post->data = piece.data;
      post->bytes = piece.bytes;
      post->to = piece.peer;
      post->step = step;
      post->ready = std::move(piece.ready);
      send(std::move(post));
    } else {
      end_.receive(piece.peer, piece.bytes, step, [data = piece.data](const LocalPost& post) {
        if (post.written) throw std::runtime_error("ranks of one process are either all on GPUs or all on the CPU");
        // What both ranks have in one place has only to be there.
        if (post.bytes > 0 && post.data != data) std::memcpy(data, post.data, post.bytes);
      });
    }
  }
}

void LocalTransport::send(std::shared_ptr<LocalPost> post) {
  countSent(post->to, post->bytes);
  end_.send(std::move(post));
}

}  // namespace infinitile
