#include "local_transport.h"

#include <cstring>
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
      end_.send(std::move(post));
      countSent(piece.peer, piece.bytes);
    } else {
      end_.receive(piece.peer, piece.bytes, step, [data = piece.data](const LocalPost& post) {
        if (post.bytes > 0) std::memcpy(data, post.data, post.bytes);
      });
    }
  }
}

}  // namespace infinitile
